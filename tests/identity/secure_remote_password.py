"""The server's side of Cognito's proof of a password that is never sent (SRP-6a, 3072 bits)."""

import base64
import hashlib
import hmac
import secrets

# The prime of RFC 3526's group 15, computed from its definition: 2^3072 - 2^3008 - 1 + 2^64 * ([2^2942 pi] + 1690314).
_BITS, _OFFSET = 3072, 1690314
_GENERATOR = 2


def _pi(bits):
    """Pi times 2**bits, rounded down (Machin's formula)."""
    guard = 64
    one = 1 << (bits + guard)

    def arctan(inverse):
        term = total = one // inverse
        number, sign = 3, -1
        while term:
            term //= inverse * inverse
            total += sign * (term // number)
            number, sign = number + 2, -sign
        return total

    return (4 * (4 * arctan(5) - arctan(239))) >> guard


PRIME = 2**_BITS - 2 ** (_BITS - 64) - 1 + 2**64 * (_pi(_BITS - 130) + _OFFSET)


def _padded(number):
    """The number as bytes that begin with a zero bit."""
    return number.to_bytes(number.bit_length() // 8 + 1, "big")


def _hashed(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def _number(data):
    return int.from_bytes(data, "big")


class Verifier:
    """One sign-in: what the server sends first, and whether the proof that comes back is right.

    Attributes:
        salt: The salt, as hexadecimal digits.
        public: The server's public number, as hexadecimal digits.
        block: The block that the client has to sign, in base64.
    """

    def __init__(self, pool, user, password):
        self._user, self._pool = user, pool
        salt = secrets.randbits(127)
        identity = _hashed(f"{pool}{user}:{password}".encode())
        self._verifier = pow(_GENERATOR, _number(_hashed(_padded(salt), identity)), PRIME)
        multiplier = _number(_hashed(_padded(PRIME), _padded(_GENERATOR)))
        self._secret = secrets.randbits(256)
        self._public = (multiplier * self._verifier + pow(_GENERATOR, self._secret, PRIME)) % PRIME
        self.salt, self.public = f"{salt:x}", f"{self._public:x}"
        self.block = base64.b64encode(secrets.token_bytes(64)).decode()

    def accepts(self, client_public, timestamp, signature):
        """Whether the client knows the password.

        Args:
            client_public: The client's public number, as hexadecimal digits.
            timestamp: The time that it signed, as it wrote it.
            signature: Its signature, in base64.
        """
        theirs = int(client_public, 16)
        mixed = _hashed(_padded(theirs), _padded(self._public))
        shared = pow(theirs * pow(self._verifier, _number(mixed), PRIME), self._secret, PRIME)
        extracted = hmac.digest(_padded(_number(mixed)), _padded(shared), "sha256")
        key = hmac.digest(extracted, b"Caldera Derived Key\x01", "sha256")[:16]
        signed = f"{self._pool}{self._user}".encode() + base64.b64decode(self.block) + timestamp.encode()
        return hmac.compare_digest(base64.b64encode(hmac.digest(key, signed, "sha256")).decode(), signature)
