"""Phrases of sign-in pages in the most common languages: one hint among several, never the only one.

Texts are compared in lower case. A phrase is listed only if pages hardly use it in any other sense.
"""

# ruff: noqa: RUF001 - other languages have letters that look like ours

from __future__ import annotations

import re

Phrases = tuple[str, ...]


def _phrases(text: str) -> Phrases:
    """The phrases of a text, separated by two spaces or a line break."""
    return tuple(re.split(r"(?: {2,}|\n)\s*", text.strip()))


LOG_IN = _phrases(r"""
    log ?-?in\b  sign ?-?in\b  log ?-?on\b  \bauthenticate\b  anmelden  einloggen  se connecter  connexion
    s.identifier  iniciar sesi[oó]n  acceder  ingresar  acced[ie]  \bentrar?\b  iniciar sess[aã]o  fazer login  inloggen
    aanmelden  logga in  log ind  logg inn  kirjaudu  zaloguj  přihlásit  bejelentkez  войти  вход  увійти  giriş yap
    oturum aç  \bgiriş\b  đăng nhập  masuk  ログイン  サインイン  登录  登入  로그인  تسجيل الدخول  התחבר  כניסה
    σύνδεση  είσοδος  autentificare  conectare  prijav[ai]  prihlás  логін  влезте  inicia sessi[oó]  prisijung
    เข้าสู่ระบบ  ورود  लॉग ?इन  साइन इन
""")
LOG_OUT = _phrases(r"""
    log ?-?out\b  sign ?-?out\b  abmelden  ausloggen  déconnexion  se déconnecter  cerrar sesi[oó]n  \besci\b
    \bsair\b  uitloggen  wyloguj  выйти  ログアウト  サインアウト  退出  登出  로그아웃
""")
SIGN_UP = _phrases(r"""
    sign ?-?up\b  \bregister\b  create (an |your |my |a )?(free |new )?account  \bjoin\b  get started  registrieren
    konto (erstellen|anlegen)  s.inscrire  inscription  cr[ée]er un compte  reg[ií]str(ate|arse|ati|ar)
    crear (una )?cuenta  iscriviti  crea (un )?account  cadastr  criar conta  registreren  account aanmaken
    zarejestruj  utwórz konto  зарегистрир  создать аккаунт  新規登録  アカウント(を)?作成  注册  註冊  회원가입
    nieuwe? (klant|gebruiker)  nouveau client  kaydol  üye ol  hesap oluştur  skapa (ett )?konto  registrera
    opr[eé]tt? (en )?(ny )?konto  luo (uusi )?tili  rekisteröi  regisztr  registr(ace|ovat|uj)  vytvořit účet  εγγραφή
    înregistr  зареєстр  đăng ký  daftar  إنشاء حساب  ثبت.?نام  הרשמה  הירשם  สมัคร  ลงทะเบียน  साइन ?अप
""")
CONTINUE = _phrases(r"""
    continue\b  \bnext\b  weiter  fortfahren  continuer  suivant  continuar  siguiente  continua  avanti
    pr[oó]xim[ao]  avançar  volgende  doorgaan  dalej  далее  продолжить  次へ  続行  下一步  继续  다음  계속
""")
IDENTIFIER = _phrases(r"""
    e-?mail  user  login  account  \buid\b  identif  benutzer  anmeldename  courriel  utilisateur  correo  usuario
    utente  usu[aá]rio  gebruiker  u[zż]ytkownik  почта  логин  имя пользователя  メール  ユーザー  邮箱  邮件
    用户  帳號  账号  이메일  아이디  البريد  المستخدم  الحساب  אימייל  דוא.ל  משתמש  χρήστη  kullanıcı  e-?posta
    användar  bruger  bruker  käyttäj  sähköposti  uživatel  felhasznál  utilizator  користувач  пошта  tên đăng nhập
    ผู้ใช้  อีเมล  उपयोगकर्ता  ईमेल  کاربر
""")
NOT_IDENTIFIER = _phrases(r"""
    search  \bsuche  recherche  \bbuscar  newsletter  subscribe  coupon  \burl\b  \bzip  postal  検索  搜索  поиск
    بحث  \bq\b
""")
OTHER_DETAIL = _phrases(r"""
    first.?name  last.?name  full.?name  company  phone  tenant  domain  vorname  nachname  firma
""")
NOT_SUBMIT = _phrases(r"""
    show  hide  forgot  reset  help  cancel  \bback\b  clear  language  anzeigen  verbergen  vergessen  abbrechen
    zurück  afficher  masquer  oubli  annuler  mostrar  ocultar  olvid  cancelar  mostra  dimentic  annulla
    показать  забыл  отмена  表示  忘れ  キャンセル  显示  忘记  取消  إظهار  نسيت  إلغاء
""")
NEWSLETTER = _phrases(r"""
    newsletter  subscribe  abonnieren  abonner  suscr[ií]b  購読  订阅
""")
CODE = _phrases(r"""
    \botp\b  \bmfa\b  \b2fa\b  \btotp\b  one.?time  two.?factor  second factor  two.?step  verification code
    security code  authenticat(or|ion) (app|code)  passcode  enter (the|a|your) code  \b6.?digit  multi.?factor
    best[äa]tigungscode  sicherheitscode  zwei.?faktor  code de (v[ée]rification|s[ée]curit)
    c[oó]digo de (verificaci|seguri|verifica)  codice di (verifica|sicurezza)  verificatiecode  kod weryfikacyjny
    код подтверждения  確認コード  認証コード  验证码  驗證碼  인증 ?코드  sent (you )?(a|an) (e-?mail|link|code)
    check your (inbox|e-?mail|phone|device)  magic link  approve (the|this|your) (request|sign|log)  push notification
    open (the|your) .{0,30}\bapp\b  auf (dem|ihrem) (smartphone|handy)  votre t[ée]l[ée]phone  tu tel[ée]fono
    رمز التحقق  код из  кода? подтверждения
""")
PASSWORD = _phrases(r"""
    password  passwort  kennwort  mot de passe  contraseña  senha  wachtwoord  hasł  heslo  jelszó  lösenord
    adgangskode  passord  salasana  parol[aăă]?\b  пароль  şifre  mật khẩu  kata sandi  パスワード  密码  密碼  비밀번호
    كلمة (المرور|السر)  סיסמ  κωδικός πρόσβασης  รหัสผ่าน  पासवर्ड  رمز عبور  contrasenya  slaptažodis
""")
CODE_FIELD = _phrases(r"""
    code  otp  mfa  2fa  totp  token  \bpin\b  código  codice  コード  验证码  код
""")
BLOCKED = _phrases(r"""
    too many  (account|user|address|access|you) (has been|have been|is|was|are) (temporarily )?(blocked|locked)
    (account|user) (has been|is|was) (suspended|disabled)  (blocked|locked) (your )?account  account (blocked|locked)
    temporarily (blocked|locked)  rate.?limit  try again (later|in \d+ (minute|hour|second))  zu viele
    (konto|zugang).{0,20}gesperrt  sp[äa]ter (noch einmal|erneut)  trop de  compte.{0,20}(bloqu|verrouill)
    demasiad[oa]s  cuenta.{0,20}bloquead  troppi tentativi  muitas tentativas  te veel  zbyt wiele  слишком много
    заблокирован  回数が多  ロックされ  次数过多  锁定
""")
UNVERIFIED = _phrases(r"""
    (verify|confirm|validate) (your|the) e-?mail
    e-?mail( address)? (is|has) (not|n.t)( been)?( yet)? (verified|confirmed)  not (yet )?(been )?verified  unverified
    verify it  activate your account  e-?mail.{0,30}(best[äa]tigen|noch nicht best[äa]tigt)
    (v[ée]rifiez|confirmez) votre (adresse|e-?mail)  (verifi|confirm)(ca|e|que) (tu|su) (correo|e-?mail)
    (verifica|conferma) (la tua|il tuo) e-?mail  подтвердите (адрес|e-?mail|почту)
    メール.{0,10}(認証|確認)(して|が必要)
    验证(您|你)的(邮箱|电子邮件)
""")
CHALLENGE = _phrases(r"""
    not a robot  captcha  (are|you.re) (a )?human  solve (the|this|a) (challenge|puzzle)  security challenge
    kein roboter  pas un robot  no (soy|eres) un robot  non sono un robot  n[aã]o sou um rob[oô]  не робот  ロボットでは
    人机验证  진짜 사람  human verification  verif(y|ying) (that )?you
""")
PASSKEY = _phrases(r"""
    pass-?key  security key  webauthn  fingerprint  face id  windows hello  sicherheitsschlüssel  cl[ée] de s[ée]curit
    パスキー  通行密钥  ключ доступа
""")
NOT_NOW = _phrases(r"""
    not now  \bskip\b  maybe later  no,? thanks  remind me later  do this later  später  jetzt nicht  überspringen
    plus tard  pas maintenant  ahora no  m[aá]s tarde  non ora  agora n[aã]o  не сейчас  пропустить  後で  スキップ
    以后再说  暂不  跳过  ليس الآن
""")
SSO = _phrases(r"""
    single sign.?on  \bsso\b  \bsaml\b  (your )?organi[sz]ation.{0,30}(sign|log)  identity provider
    enterprise (login|sign)  company (login|sign|account)  authentification unique  inicio de sesi[oó]n [uú]nico
    シングルサインオン  单点登录
""")
WRONG = _phrases(r"""
    (wrong|incorrect|invalid|bad).{0,50}(password|credential|user|e-?mail|login|combination|account)
    (password|credential|user ?name|e-?mail|login|combination)s?.{0,50}(wrong|incorrect|invalid|unknown)
    (password|credential|user ?name|e-?mail|login)s?.{0,50}not (valid|correct|right|match|recogni|found|exist)
    (password|credential|user ?name|e-?mail|login)s?.{0,50}(did|do|does) ?n.t (match|exist)
    (could ?n.t|could not|cannot|can.t|unable to) (find|sign you in|log you in|log in|sign in)
    please enter (a|the) correct  (login|sign.?in|authentication) (failed|unsuccessful)  no (account|user)
    unknown user
    (passwort|kennwort|benutzer|e-?mail|anmelde).{0,60}(falsch|ung[üu]ltig|nicht korrekt|stimm|unbekannt)
    anmeldung fehlgeschlagen  ung[üu]ltige anmeldung
    (mot de passe|identifiant|e-?mail).{0,60}(incorrect|invalide|erron|inconnu)
    (contrase[ñn]a|usuario|correo).{0,60}(incorrect|inv[aá]lid)
    (password|credenziali|utente|e-?mail).{0,60}(non (valid|corrett)|errat)
    (senha|usu[aá]rio|e-?mail).{0,60}(incorret|inv[aá]lid)  (wachtwoord|gebruiker).{0,60}(onjuist|ongeldig)
    nieprawidłow  неверн  неправильн  パスワード.{0,20}(違い|違う|違って|正しく|間違|一致)
    密码.{0,10}(错误|不正确|有误)  密碼.{0,10}(錯誤|不正確)
    올바르지  غير صحيح  خاطئ  שגוי  לא נכונ  hatalı  yanlış  fel(aktigt)? lösenord  forkert
    feil passord  virheelli  helytelen  nesprávn  không (đúng|chính xác)  λάθος
""")
LAST_WARNING = _phrases(r"""
    \d+ (more |further )?(attempts?|tries) (left|remain)  (attempts?|tries) remaining  noch \d+ versuche
    (il vous )?reste \d+ (essai|tentative)  quedan? \d+ intento
""")
FAILED = _phrases(r"""
    something (went|is) wrong  \berror\b  unexpected(ly)? (happen|fail|error)  unavailable  try again  \bfehler\b
    fehlgeschlagen  erreur  \berrore?\b  \berro\b  ошибка  エラー  错误  錯誤  오류  خطأ  שגיאה  access denied
    forbidden  not allowed  no access
""")
CLOSED = _phrases(r"""
    stumbled on an empty page  (page|run|project) (not found|does ?n.t exist|is private)
    you (do not|don.t) have (access|permission)  (log|sign) ?in to (see|view|continue|access)  \b404\b  access denied
    nothing (here|to see)
""")
CONSENT = _phrases(r"""
    cookie  consent  privacy  gdpr  tracking  datenschutz  privatsph[äa]re  einwilligung  vie priv[ée]e  traceurs
    privacidad  privacidade  prywatno  конфиденциальн  クッキー  隐私  개인정보
""")
REJECT = _phrases(r"""
    reject  decline  refuse  only (necessary|essential|required)  (necessary|essential|required) (cookies )?only
    ablehnen  nur (notwendige|erforderliche|essenzielle)  refuser  rechazar  rifiuta  recusar  rejeitar  weigeren
    odrzuć  отклонить  拒否  拒绝
""")
CLOSE = _phrases(r"""
    ^close$  dismiss  ^[\u00d7x\u2715]$  schlie(ß|ss)en  fermer  cerrar  chiudi  fechar  sluiten  閉じる  关闭
""")
ACCEPT = _phrases(r"""
    accept  agree  \bok(ay)?\b  got it  allow  akzeptieren  zustimmen  einverstanden  accepter  aceptar  accetta
    aceitar  accepteren  zaakceptuj  принять  同意  接受
""")
WITH_EMAIL = _phrases(r"""
    (with|using|use|via|mit|avec|con|per) (an? |your )?(e-?mail|user ?name|password|passwort)  メールで  使用邮箱
""")
OTHER_PROVIDERS = _phrases(r"""
    google  git ?hub  gitlab  apple  microsoft  facebook  linkedin  twitter  okta  passkey  \bsso\b  single sign.?on
    \bsaml\b  bitbucket  slack  azure  \bldap\b
""")


def says(text: str, phrases: Phrases) -> bool:
    """Whether the text contains one of the phrases."""
    lowered = text.lower()
    return any(re.search(phrase, lowered) for phrase in phrases)
