"""Phrases of sign-in pages in the most common languages: one hint among several, never the only one.

Texts are compared in lower case. A phrase is listed only if pages hardly use it in any other sense.
"""

# ruff: noqa: RUF001 - other languages have letters that look like ours

from __future__ import annotations

import re
from functools import cache

Phrases = tuple[str, ...]


def phrase_list(text: str) -> Phrases:
    """The phrases of a text, separated by two spaces or a line break."""
    return tuple(re.split(r"(?: {2,}|\n)\s*", text.strip()))


LOG_IN = phrase_list(r"""
    log ?-?in\b  sign ?-?in\b  log ?-?on\b  \bauthenticate\b  anmelden  einloggen  se connecter  connexion
    s.identifier  iniciar sesi[oó]n  acceder  ingresar  acced[ie]  \bentrar?\b  iniciar sess[aã]o  fazer login  inloggen
    aanmelden  logga in  log ind  logg inn  kirjaudu  zaloguj  přihlásit  bejelentkez  войти  вход  увійти  giriş yap
    oturum aç  \bgiriş\b  đăng nhập  masuk  ログイン  サインイン  登录  登入  로그인  تسجيل الدخول  התחבר  כניסה
    σύνδεση  είσοδος  autentificare  conectare  prijav[ai]  prihlás  логін  влезте  inicia sessi[oó]  prisijung
    เข้าสู่ระบบ  ورود  लॉग ?इन  साइन इन
""")
LOG_OUT = phrase_list(r"""
    log ?-?out\b  sign ?-?out\b  abmelden  ausloggen  déconnexion  se déconnecter  cerrar sesi[oó]n  \besci\b
    \bsair\b  uitloggen  wyloguj  выйти  ログアウト  サインアウト  退出  登出  로그아웃
""")
SIGN_UP = phrase_list(r"""
    sign ?-?up\b  \bregister\b  create (an |your |my |a )?(free |new )?account  \bjoin\b  get started  registrieren
    konto (erstellen|anlegen)  s.inscrire  inscription  cr[ée]er un compte  reg[ií]str(ate|arse|ati|ar)
    crear (una )?cuenta  iscriviti  crea (un )?account  cadastr  criar conta  registreren  account aanmaken
    zarejestruj  utwórz konto  зарегистрир  создать аккаунт  新規登録  アカウント(を)?作成  注册  註冊  회원가입
    nieuwe? (klant|gebruiker)  nouveau client  kaydol  üye ol  hesap oluştur  skapa (ett )?konto  registrera
    opr[eé]tt? (en )?(ny )?konto  luo (uusi )?tili  rekisteröi  regisztr  registr(ace|ovat|uj)  vytvořit účet  εγγραφή
    înregistr  зареєстр  đăng ký  daftar  إنشاء حساب  ثبت.?نام  הרשמה  הירשם  สมัคร  ลงทะเบียน  साइन ?अप
""")
CONTINUE = phrase_list(r"""
    continue\b  \bnext\b  weiter  fortfahren  continuer  suivant  continuar  siguiente  continua  avanti
    pr[oó]xim[ao]  avançar  volgende  doorgaan  dalej  далее  продолжить  次へ  続行  下一步  继续  다음  계속
""")
IDENTIFIER = phrase_list(r"""
    e-?mail  user  login  account  \buid\b  identif  benutzer  anmeldename  courriel  utilisateur  correo  usuario
    utente  usu[aá]rio  gebruiker  u[zż]ytkownik  почта  логин  имя пользователя  メール  ユーザー  邮箱  邮件
    用户  帳號  账号  이메일  아이디  البريد  المستخدم  الحساب  אימייל  דוא.ל  משתמש  χρήστη  kullanıcı  e-?posta
    användar  bruger  bruker  käyttäj  sähköposti  uživatel  felhasznál  utilizator  користувач  пошта  tên đăng nhập
    ผู้ใช้  อีเมล  उपयोगकर्ता  ईमेल  کاربر
""")
NOT_IDENTIFIER = phrase_list(r"""
    search  \bsuche  recherche  \bbuscar  newsletter  subscribe  coupon  \burl\b  \bzip  postal  検索  搜索  поиск
    بحث  \bq\b
""")
OTHER_DETAIL = phrase_list(r"""
    first.?name  last.?name  full.?name  company  phone  tenant  domain  vorname  nachname  firma
""")
NOT_SUBMIT = phrase_list(r"""
    show  hide  forgot  reset  help  cancel  \bback\b  clear  language  anzeigen  verbergen  vergessen  abbrechen
    zurück  afficher  masquer  oubli  annuler  mostrar  ocultar  olvid  cancelar  mostra  dimentic  annulla
    показать  забыл  отмена  表示  忘れ  キャンセル  显示  忘记  取消  إظهار  نسيت  إلغاء
""")
NEWSLETTER = phrase_list(r"""
    newsletter  subscribe  abonnieren  abonner  suscr[ií]b  購読  订阅
""")
CODE = phrase_list(r"""
    \botp\b  \bmfa\b  \b2fa\b  \btotp\b  one.?time  two.?factor  second factor  two.?step  verification code
    security code  authenticat(or|ion) (app|code)  passcode  enter (the|a|your) code  \b6.?digit  multi.?factor
    best[äa]tigungscode  sicherheitscode  zwei.?faktor  code de (v[ée]rification|s[ée]curit)
    c[oó]digo de (verificaci|seguri|verifica)  codice di (verifica|sicurezza)  verificatiecode  kod weryfikacyjny
    код подтверждения  確認コード  認証コード  验证码  驗證碼  인증 ?코드  sent (you )?(a|an) (e-?mail|link|code)
    check your (inbox|e-?mail|phone|device)  magic link  by (sms|text message)  auf (dem|ihrem) (smartphone|handy)
    votre t[ée]l[ée]phone  tu tel[ée]fono  رمز التحقق  код из  кода? подтверждения
""")
PASSWORD = phrase_list(r"""
    password  passwort  kennwort  mot de passe  contraseña  senha  palavra-passe  wachtwoord  hasł  hesl[oa]  jelsz
    lösenord  adgangskode  passord  salasana  parol[aăă]?\b  пароль  şifre  mật khẩu  kata sandi  パスワード  密码
    密碼  비밀번호  كلمة (ال)?(مرور|سر)  סיסמ  κωδικ(ός|ό|ού) πρόσβασης  รหัสผ่าน  पासवर्ड  رمز عبور  contrasenya
    slaptažod
""")
CODE_FIELD = phrase_list(r"""
    code  otp  mfa  2fa  totp  token  \bpin\b  código  codice  コード  验证码  код
""")
CHALLENGE = phrase_list(r"""
    not a robot  captcha  (are|you.re) (a )?human  solve (the|this|a) (challenge|puzzle)  security challenge
    kein roboter  pas un robot  no (soy|eres) un robot  non sono un robot  n[aã]o sou um rob[oô]  не робот  ロボットでは
    人机验证  진짜 사람  human verification  verif(y|ying) (that )?you\b
""")
PASSKEY = phrase_list(r"""
    pass-?key  (security|hardware) key  webauthn  fingerprint  face id  windows hello  sicherheitsschlüssel
    cl[ée] de s[ée]curit  パスキー  通行密钥  ключ доступа
""")
NOT_NOW = phrase_list(r"""
    not now  \bskip\b  maybe later  no,? thanks  remind me later  do this later  später  jetzt nicht  überspringen
    plus tard  pas maintenant  ahora no  m[aá]s tarde  non ora  agora n[aã]o  не сейчас  пропустить  後で  スキップ
    以后再说  暂不  跳过  ليس الآن
""")
SSO = phrase_list(r"""
    single sign.?on  \bsso\b  \bsaml\b  (your )?organi[sz]ation.{0,30}(sign|log)  identity provider
    enterprise (login|sign)  company (login|sign|account)  authentification unique  inicio de sesi[oó]n [uú]nico
    シングルサインオン  单点登录
""")
FAILED = phrase_list(r"""
    something (went|is) wrong  \berror\b  unexpected(ly)? (happen|fail|error)  unavailable  try again  \bfehler\b
    fehlgeschlagen  erreur  \berrore?\b  \berro\b  ошибка  エラー  错误  錯誤  오류  خطأ  שגיאה  access denied
    forbidden  not allowed  no access
""")
CLOSED = phrase_list(r"""
    stumbled on an empty page  (page|run|project) (not found|does ?n.t exist|is private)
    you (do not|don.t) have (access|permission)  (log|sign) ?in to (see|view|continue|access)  \b404\b  access denied
    nothing (here|to see)
""")
CONSENT = phrase_list(r"""
    cookie  consent  privacy  gdpr  tracking  datenschutz  privatsph[äa]re  einwilligung  vie priv[ée]e  traceurs
    privacidad  privacidade  prywatno  конфиденциальн  クッキー  隐私  개인정보
""")
REJECT = phrase_list(r"""
    reject  decline  refuse  only (necessary|essential|required)  (necessary|essential|required) (cookies )?only
    ablehnen  nur (notwendige|erforderliche|essenzielle)  refuser  rechazar  rifiuta  recusar  rejeitar  weigeren
    odrzuć  отклонить  拒否  拒绝
""")
CLOSE = phrase_list(r"""
    ^close$  dismiss  ^[\u00d7x\u2715]$  schlie(ß|ss)en  fermer  cerrar  chiudi  fechar  sluiten  閉じる  关闭
""")
ACCEPT = phrase_list(r"""
    accept  agree  \bok(ay)?\b  got it  allow  akzeptieren  zustimmen  einverstanden  accepter  aceptar  accetta
    aceitar  accepteren  zaakceptuj  принять  同意  接受
""")
WITH_EMAIL = phrase_list(r"""
    (with|using|use|via|mit|avec|con|per) (an? |your )?(e-?mail|user ?name|password|passwort)  メールで  使用邮箱
""")
OTHER_PROVIDERS = phrase_list(r"""
    google  git ?hub  gitlab  apple  microsoft  facebook  linkedin  twitter  okta  passkey  \bsso\b  single sign.?on
    \bsaml\b  bitbucket  slack  azure  \bldap\b
""")


def says(text: str, phrases: Phrases) -> bool:
    """Whether the text contains one of the phrases."""
    return _pattern(phrases).search(text.lower()) is not None


@cache
def _pattern(phrases: Phrases) -> re.Pattern[str]:
    # There are more phrases than the cache of `re` holds.
    return re.compile("|".join(phrases))
