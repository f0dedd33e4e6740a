"""Phrases with which servers refuse a sign-in, or ask for another step after the password.

They name the reason only: that a sign-in was refused is known from the page's structure, in any language. Most were
compared with the translations of Django, django-allauth, Keycloak and Okta, see `tests/unit/test_signin_phrases.py`.
"""

# ruff: noqa: RUF001 - other languages have letters that look like ours

from __future__ import annotations

from wandb_tui.services.signin.phrases import PASSWORD, Phrases, phrase_list


def _near(one: Phrases, other: Phrases) -> Phrases:
    """Phrases for a word of each list in one message, in either order."""
    first, second = "|".join(one), "|".join(other)
    return rf"({first}).{{0,60}}({second})", rf"({second}).{{0,60}}({first})"


_INVALID = phrase_list(r"""
    غير صالح  no (són|és) vàlid  neplatn  ugyldig  ungültig  έγκυρ  نامعتبر  väär  érvénytelen  無効  neteising
    ongeldig  inv[áa]lid  ogiltig  geçersiz  nevažeć  neveljav  недействит  недійсн  невалид  tidak (valid|sah)
    không hợp lệ  ไม่ถูกต้อง  無效  无效  잘못  אינ[הו] תקינ
""")
_CHANGE = phrase_list(r"""
    must (change|update)  need to (change|update)  ändern  aktualisieren  changer  modifier  cambiar  canviar
    mudar  alterar  cambiare  wijzigen  byta  ändra  ændre  skifte  endre  vaihtaa  vaihda  zmienić  změnit
    aktualizaci  zmeniť  cserélni  megváltoztat  schimb  изменить  сменить  обновить  змінити  оновити  değiştir
    đổi  mengubah  mengganti  更新  変更  修改  更改  变更  변경  تحديث  تغيير  לשנות  αλλάξ  promijeni  promeni
    spremeni  pakeisti  เปลี่ยน  تغییر  बदल
""")
_MAIL = phrase_list(r"""
    e-?mail  adreça electr  correu  correo  courriel  e-?post  sähköpost  e-?posta  почт  пошт  имейл  メール
    邮箱  邮件  電子郵件  电子邮件  이메일  البريد  بريدك  אימייל  דוא  ηλεκτρονικ.{0,3} ταχυδρ  el\. pašt
    อีเมล  ایمیل  رایانامه  ईमेल
""")
_VERIFY = phrase_list(r"""
    must (verify|confirm)  need to (verify|confirm)  verifizieren  bestätigen  vérifier  confirmer  verificar
    confirmar  verificare  confermare  verifiëren  bevestigen  verifiera  bekräfta  verificere  bekræfte
    bekrefte  vahvistaa  zweryfikować  potwierdzić  ověřit  potvrdit  overiť  potvrdiť  ellenőriz  megerősít
    verificați  подтвердить  підтвердити  doğrula  xác (minh|nhận)  memverifikasi  確認する  認証する  验证
    驗證  인증  التحقق  لتأكيد  לאמת  לאשר  επιβεβαιώσ  patvirtinti  ยืนยัน  تأیید  تایید  सत्यापि
""")

WRONG = (
    *phrase_list(r"""
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
    密码.{0,10}(错误|不正确|有误)  密碼.{0,10}(錯誤|不正確)  올바르지  غير صحيح  خاطئ  שגוי  לא נכונ  hatalı
    yanlış  fel(aktigt)? lösenord  forkert  feil passord  virheelli  helytelen  nesprávn  không (đúng|chính xác)
    λάθος  парол.{0,60}грешн  contrase[nñ]y?a.{0,70}no s[oó]n correct  heslo (není|nie je) správn
    (adgangskode|passord|lösenord|wachtwoord).{0,40}(ikke korrekt|er feil|felaktig|niet correct|incorrect)
    (συνθηματικ|κωδικ).{0,60}δεν είναι σωστ  گذرواژه.{0,30}نادرست  salasana ei ole oikein  סיסמה אינם נכונים
    (lozinka|geslo|лозинка).{0,40}(nisu|nista|нису)  jelszó hibás  kata sandi.{0,40}tidak benar
    password.{0,40}non sono corrett  slaptažodis.{0,20}neteising  hasło.{0,20}niepoprawn
    palavra-passe.{0,60}não est  parola sunt incorect  รหัสผ่าน.{0,30}ไม่ถูกต้อง  şifre.{0,20}doğru değil
"""),
    *_near(_INVALID, PASSWORD),
)
LAST_WARNING = phrase_list(r"""
    \d+ (more |further )?(attempts?|tries) (left|remain)  (attempts?|tries) remaining  noch \d+ versuche
    (il vous )?reste \d+ (essai|tentative)  quedan? \d+ intento
""")
BLOCKED = phrase_list(r"""
    too many  (account|user|address|access|you) (has been|have been|is|was|are) blocked  blocked (your )?account
    account blocked  temporarily blocked  rate.?limit  try again (later|in \d+ (minute|hour|second))  zu viele
    sp[äa]ter (noch einmal|erneut)  trop de  demasiad[oa]s  troppi  muitas tentativas  te veel  zbyt wiel
    слишком много  回数が多  失敗が連続  次数过多  次數過多  massa intents  p[řr]íliš (mnoho|veľa)  for mange
    för många  liian monta  πολλές  יותר מדי  previše  превише  preveliko  túl sok  terlalu banyak  너무 많은
    per daug  prea multe  çok fazla  твърде много  занадто багато  quá nhiều  ครั้งเกินไป  بیش از حد  تجاوزت
    كثيرة  बहुत अधिक
""")
LOCKED = phrase_list(r"""
    \b(account|user|profile|login|you) (has been|have been|is|are|was|were|got)( now| currently| temporarily)* locked
    account locked  \blocked (your )?account  (?<!be )\blocked out  temporarily (disabled|locked|suspended)
    (konto|zugang|benutzer).{0,30}gesperrt  vorübergehend (gesperrt|deaktiviert)  compte.{0,30}(verrouill|bloqu)
    temporairement (désactiv|bloqu|suspend)  cuenta.{0,30}bloquead  conta.{0,30}bloquead
    (account|utente).{0,30}bloccat  temporalmente (in|des|bloq)  temporariamente (in|des|bloq)
    temporaneamente (dis|bloc)  (account|gebruiker).{0,30}(vergrendeld|geblokkeerd|tijdelijk)
    kont.{0,30}(låst|låses|spärra|spærret|sperret)  tilfälligt (in|av|lås|spär)  midlertidig (de|in|lås|sper)
    lukittu  tilapäisesti  zablokowan  tymczasowo  účet.{0,30}(zablokov|uzamč|uzamknut|zamčen|zamknut)
    do[čc]asn[ěe] (za|de|u|ne)  (fiók|felhaszn).{0,30}(zárol|átmeneti)  ideiglenesen  заблокирован  временно
    заблокован  тимчасово  блокиран  заключен  hesa.{0,30}(kilit|geçici)  tài khoản.{0,30}(bị khóa|tạm)
    akun.{0,30}(terkunci|dikunci|diblokir|sementara)  ロックされ  一時的に  锁定  鎖定  暂时  暫時
    계정.{0,15}(잠|차단|일시)  (قفل|حظر|مقفل|محظور)  مؤقت  חשבון.{0,20}(ננעל|נעול|נחסם|זמנית)
    λογαριασμ.{0,30}(κλειδ|προσωριν)  cont.{0,30}(blocat|temporar)
    (račun|nalog).{0,30}(zaključan|blokiran|zaklenjen)  compte.{0,30}(bloquej|bloc)
    paskyra.{0,30}(užrakint|blokuot|laikinai)  ล็อก  ชั่วคราว  مسدود  موقتا  खाता.{0,20}(लॉक|बंद)
    (kont|tili|حساب|compte|paskyr).{0,30}(midlertid|tillfällig|väliaikais|موقت|temporalment|laikinai)
""")
INACTIVE = phrase_list(r"""
    (account|user|profile|login).{0,40}(inactive|not (currently )?active\b|disabled|deactivated|suspended)
    (account|user|profile).{0,40}not (yet )?(been )?(yet )?(activated|enabled|approved|authori[sz]ed)
    (account|profile)s? inactive  (inactive|disabled|suspended) (account|user)
    (requires|needs|awaiting|pending|waiting for).{0,30}(approval|activation)
    not (yet )?(been )?(authori[sz]ed|approved|activated).{0,30}admin
    (konto|benutzer|account|profil).{0,40}(inaktiv|deaktiviert|stillgelegt|nicht (mehr )?aktiv|noch nicht frei)
    compte.{0,40}(inacti|désactiv|suspend|pas (encore )?(été )?(actif|activ|approuv|valid|autoris))
    (cuenta|conta|usuario|usuário|utilizador).{0,40}(inac?tiv|desac?tivad|d?eshabilitad|desabilitad|suspen|no está act)
    conta.{0,20}não está act
    (account|utente|profilo).{0,40}(disattivat|disabilitat|inattiv|sospes|non.{0,20}attiv)
    (account|gebruiker).{0,40}(inactief|niet actief|niet meer actief|uitgeschakeld|gedeactiveerd)
    kont.{0,40}(inaktiv|deaktiver|avaktiver|inte aktiv|ikke aktiv)  inaktiv konto
    (tili|tunnus).{0,30}(käytöstä|voimassa|ei ole käytössä|ei ole aktiiv|suljettu)
    (konto|użytkownik).{0,40}(nieaktywn|wyłączon|dezaktywowan)
    (účet|účtu|používateľ).{0,40}(neakt[ií]vn|není aktivn|nie je .{0,15}aktívn|deaktivov|zakázán)
    neaktivní účet  (fiók|felhasználó).{0,40}(inaktív|nem aktív|letilt)  inaktív fiók  неактив  не актив
    не активир  (аккаунт|уч[её]тн|запис|пользовател).{0,40}(отключ|деактивир|вимкнен|відключен)
    hesa[bp].{0,40}(etkin (durumda )?değil|aktif değil|devre dışı|pasif|askıya)
    tài khoản.{0,40}(chưa được kích hoạt|vô hiệu|không hoạt động)
    (akun|akaun).{0,30}(tidak aktif|nonaktif|dinonaktifkan)  アカウント.{0,12}(無効|停止|有効では)
    無効なアカウント  (账号|帐号|账户|帐户|帳號|帳戶|用户).{0,12}(未激活|未启用|未啟用|停用|禁用|失效)
    계정.{0,12}(유효하지|비활성|정지|사용 ?중지)  حساب.{0,25}(غير نشط|معطل|غير مفعل|موقوف)
    חשבון.{0,20}(אינו פעיל|לא פעיל|מושבת|הושבת)  λογαριασμ.{0,25}(ανενεργ|απενεργοποι)
    cont.{0,25}(inactiv|dezactivat)  (račun|nalog|налог).{0,30}(neaktiv|nije aktiv|onemogućen)
    račun.{0,25}ni (trenutno )?(aktiven|dejaven)  račun trenutno ni aktiven  neaktiven račun
    paskyra.{0,20}neaktyv  บัญชี.{0,25}(ไม่มีการใช้งาน|ไม่ทำงาน|ใช้งานไม่ได้|ปิดใช้งาน|ระงับ)
    حساب.{0,25}غیر.?فعال  खाता.{0,20}(निष्क्रिय|सुस्त|सक्रिय नह)  compte.{0,20}inhabilitat
    účet.{0,20}(neplatn|zakázan)  paskyr.{0,30}sustabdyt
""")
EXPIRED = (
    *phrase_list(r"""
    password.{0,30}(expired|must be (changed|updated|reset)|needs? to be (changed|updated|reset))
    (must|have to|need to|please) (change|update|reset|renew) your password
    ^(change|update|renew) your password  expired password  (passwort|kennwort).{0,30}abgelaufen
    m(ü|ue)ssen .{0,12}(passwort|kennwort) (ändern|aktualis)  mot de passe.{0,30}expir
    (modifier|changer|mettre à jour) votre mot de passe  contraseña.{0,30}(venci|expir|caduc)
    (venci|expir|caduc)\w*.{0,20}contraseña  debe (cambiar|actualizar) .{0,10}contraseña
    (senha|palavra-passe).{0,25}expir  password.{0,20}scadut  wachtwoord.{0,20}verlopen
    lösenord.{0,25}(gått ut|upphört)  adgangskode.{0,20}udløbet  passord.{0,25}(utløpt|gått ut)
    salasana.{0,20}vanhentu  hasł.{0,20}wygas  heslo.{0,20}(prošl|vypršel|vypršal)  platnos.{0,15}hesl
    jelsz.{0,20}lejárt  parol.{0,20}expirat  истек.{0,30}парол  парол.{0,30}истек
    (збіг|закінч|минув).{0,30}парол  парол.{0,40}(закінч|минув)  (şifre|parola).{0,30}(süresi|geçmiş)
    mật khẩu.{0,20}hết hạn  kata sandi.{0,25}(kedaluwarsa|kadaluarsa)  kata laluan.{0,25}(luput|tamat)
    パスワード.{0,12}(失効|期限)  비밀번호.{0,10}만료  密[码碼].{0,8}(过期|到期|過期)  كلمة المرور.{0,20}انته
    انته.{0,20}كلمة المرور  סיסמ.{0,20}(פג|תוקף)  (συνθηματικ|κωδικ).{0,20}λήξει  รหัสผ่าน.{0,20}หมดอายุ
    lozink.{0,20}istek  gesl.{0,20}potek  contrasenya.{0,20}caduc  slaptažod.{0,25}(nebegalioj|baig)
    парола.{0,20}изтек
"""),
    *_near(_CHANGE, PASSWORD),
)
UNVERIFIED = (
    *phrase_list(r"""
    (verify|confirm|validate) (your|the) e-?mail  (account|e-?mail).{0,20}requires? confirmation
    confirm your account  e-?mail( address)? (is|has) (not|n.t)( been)?( yet)? (verified|confirmed)
    not (yet )?(been )?(verified|confirmed)  unverified  verify it(?!.?s you)  activate your account
    (account|user) (is|has) not( been)?( yet)? confirmed
    e-?mail.{0,30}(best[äa]tigen|noch nicht best[äa]tigt|nicht verifiziert)  best[äa]tige.{0,12}e-?mail
    (v[ée]rifie[rz]|confirme[rz]) (votre|ton) (adresse|e-?mail)
    (verifi|confirm)\w* (tu|su|seu|o seu|sua) (correo|direcci|endere|e-?mail)
    (verifica|conferma) (la tua|il tuo) (e-?mail|indirizzo)  verifi(eer|ca-ti) .{0,10}(e-?mail|adresa)
    (bekr[æä]ft|bekreft|verifier)a? din.{0,4} (e-?post|e-?mail)  vahvista.{0,12}sähköposti
    zweryfikuj.{0,12}e-?mail  (ověřte|potvr[ďd]te) .{0,10}(e-?mail|adres)
    (potrdite|potvrdite) .{0,12}(e-?pošt|e-?mail)  (ellenőriz|erősíts).{0,12}e-?mail
    подтвердите .{0,6}(адрес|e-?mail|почту)  підтвердіть .{0,6}(адресу|e-?mail|пошту)
    (потвърдете|потврдите) .{0,6}(e-?mail|адрес)  e-?posta.{0,20}doğrula  verifikasi .{0,12}e-?mail
    verifiqueu .{0,20}correu  patvirtinkite.{0,12}el\. pašt  メール.{0,10}(認証|確認)(して|が必要|が完了)
    (验证|驗證)(您|你)的(邮箱|电子邮件|電子郵件|email)  이메일.{0,4}인증  التحقق من البريد  אשר את (כתובת|הדוא)
    επιβεβαιώστε .{0,20}e-?mail  ยืนยันอีเมล  تایید نشانی  xác (minh|nhận) (địa chỉ )?email
"""),
    *_near(_VERIFY, _MAIL),
)
PUSH = phrase_list(r"""
    approve (the|this|your) (request|sign|log)  (sent|send).{0,20}\b(a )?(push|notification)
    open (the|your) .{0,30}\bapp\b  approve .{0,30}(device|phone|app)  \bpush  leküldéses  notifikasi dorong
    プッシュ通知  푸시  thông báo đẩy  推送通知  推播通知  การแจ้งเตือนแบบพุช  anlık bildirim  nabízené oznámení
    powiadomienie push  ειδοποίηση push  إشعار
    notifica(ção|ción|zione) .{0,40}\b(aplicativo|celular|telemóvel|dispositivo|teléfono|móvil|telefono|cellulare)
    notification .{0,40}\b(téléphone|mobile|appareil)  (abra|abre|apri|ouvrez) .{0,30}\b(aplicativo|aplicación|app)\b
    (aprove|apruebe|aprueba|approva|approuvez) .{0,30}(celular|telemóvel|aplicativo|dispositivo|teléfono|telefono)
    (bestätig|genehmig).{0,30}(ihrem|dein\w+) (handy|telefon|smartphone|gerät)
""")
QUESTION = phrase_list(r"""
    security (question|answer)  secret question  (answer|antwort).{0,20}question  sicherheitsfrage  geheimfrage
    question (de sécurité|secrète)  pregunta (de seguridad|secreta)  domanda (di sicurezza|segreta)
    pergunta (de segurança|secreta)  (beveiligings|geheime )vraag  säkerhetsfråga  sikkerhedsspørgsmål
    sikkerhetsspørsmål  turvakysymys  pytanie (bezpieczeństwa|pomocnicze|zabezp)  bezpečnostní otáz
    biztonsági kérdés  секретный вопрос  контрольн\w+ (вопрос|питання)  güvenlik sorusu
    câu hỏi (bảo mật|bí mật)  pertanyaan keamanan  秘密の質問  セキュリティの質問  安全问题  安全問題  密保
    보안 질문  سؤال الأمان  שאלת (אבטחה|ביטחון)  ερώτηση ασφαλείας  întrebare de securitate
""")
ACCESS = phrase_list(r"""
    \baccess\b  permission  consent  privilege  \bauthori[sz]e  zugriff  zugang  zustimm  einwillig  berechtig
    \baccès  autoris  consent  acceso  permiso  accesso  autorizza  acesso  permiss  toegang  toestemming
    åtkomst  tillgång  adgang  tilgang  samtyk  käyttöoikeu  suostum  dostęp  uprawnie  přístup  prístup
    oprávně  hozzáfér  engedély  доступ  разреш  дозв(о|і)л  erişim  izin  quyền truy cập  akses  アクセス  許可
    同意  访问  訪問  存取  授权  授權  许可  允许  允許  액세스  접근  권한  동의  الوصول  إذن  גישה  הרשא
    πρόσβαση  acces(ul)?\b  pristup  dostop  prieig  เข้าถึง  อนุญาต  دسترسی  अनुमति  accés  concesión  concess
    pääsy
""")
TERMS = phrase_list(r"""
    terms (of|and|have)  \bterms\b  conditions  nutzungsbedingung  agb\b  términos  termini  termos  voorwaarden
    villkor  vilkår  käyttöehdo  regulamin  podmínk  podmienk  feltétel  услови  умов  koşul  điều khoản
    ketentuan  利用規約  条款  條款  약관  الشروط  תנאי  όροι  termeni  uvjet  pogoji  sąlyg  ข้อกำหนด  شرایط
    शर्त  bedingungen  termes
""")
