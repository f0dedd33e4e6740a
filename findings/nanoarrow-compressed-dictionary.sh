#!/usr/bin/env bash
# nanoarrow reads the dictionary-encoded numbers of a compressed Arrow stream as other numbers, without an error.
#
# A good guess: nanoarrow has learnt to decode dictionaries and to decompress zstd and LZ4 buffers, so a compressed stream
# with dictionary-encoded columns is either read right or refused as not supported.
# Why it is wrong: the decoder that reads the values of a dictionary is a decoder of its own and has not been told how to
# decompress, nor does it notice that its message is compressed. It takes the compressed bytes for the values. Each
# compressed buffer begins with its length before compression, so the first value of a dictionary of three doubles is the
# number whose bits say 24. Where the compressed bytes are too few for the values, or are to be the offsets of strings,
# an error tells of wrong buffer sizes; columns without a dictionary in the same stream are right. Hyperparameters that
# hold for many rows (learning rate, batch size, seed) are what writers encode this way.
#
# Versions: nanoarrow 0.9.0, pyarrow 26.0.1 as the writer and as the reader to compare with, Python 3.11.
# Source: apache/arrow-nanoarrow issue 936 (decompressors do not reach the decoders of dictionaries); the Arrow columnar
# format, by which a dictionary's message is compressed like any other.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m uv venv -q "$work/venv"
python3 -m uv pip install -q --python "$work/venv/bin/python" nanoarrow==0.9.0 pyarrow==26.0.1

cat > "$work/check.py" <<'PYTHON'
import io

import nanoarrow as na
import pyarrow as pa
import pyarrow.ipc as ipc

rates, losses = [0.1, 0.2, 0.3, 0.1], [4.0, 3.0, 2.5, 2.0]
history = pa.table({"lr": pa.array(rates).dictionary_encode(), "loss": losses})
print("nanoarrow", na.__version__, "pyarrow", pa.__version__)
print("written:              ", rates, losses)
for compression in (None, "zstd", "lz4"):
    stream = io.BytesIO()
    with ipc.new_stream(stream, history.schema, options=ipc.IpcWriteOptions(compression=compression)) as writer:
        writer.write_table(history)
    compared = ipc.open_stream(stream.getvalue()).read_all()
    assert compared["lr"].to_pylist() == rates, compared
    rows = list(na.Array(na.ArrayStream.from_readable(io.BytesIO(stream.getvalue()))).iter_py())
    read = [row["lr"] for row in rows]
    print(f"nanoarrow, {str(compression):11}", read, [row["loss"] for row in rows])
    assert [row["loss"] for row in rows] == losses, rows
    if compression is None:
        assert read == rates, read
    else:
        assert read[0] == read[3] == 24 * 5e-324, read
        assert not set(read) & set(rates), read
print("as expected: with compression, the dictionary's values are its compressed bytes")
PYTHON
./venv/bin/python check.py
