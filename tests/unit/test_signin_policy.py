"""Decisions from the description of a page: the form, the next move, what a message means, where it ends."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wandb_tui.core.errors import SignInProblem
from wandb_tui.core.server_info import ServerInfo
from wandb_tui.services.signin import phrases, refusal_phrases
from wandb_tui.services.signin.actions import Fill, GiveUp, Press, Progress, Wait
from wandb_tui.services.signin.forms import find_form, wants_code
from wandb_tui.services.signin.origins import Origins, origin_of
from wandb_tui.services.signin.page_view import Alert, Button, Field, FrameView, Group, PageView, outline
from wandb_tui.services.signin.phrases import says
from wandb_tui.services.signin.policy import decide, explain_no_form, form_problem, looks_signed_in, own_form
from wandb_tui.services.signin.responses import classify, outcome_of
from wandb_tui.services.signin.second_steps import second_step

OURS, OTHER = "https://wandb.lab.example", "https://wandb.lab.example.evil.test"
ORIGINS = Origins(ServerInfo(OURS, OURS))
USER = Field(1, "text", name="username")
SECRET = Field(2, "password", name="password")
SEND = Button(3, "submit", "Sign in", group=0)


def frame(*fields, buttons=(), origin=OURS, action=OURS, heading="", **more):
    return FrameView(
        url=f"{origin}/login",
        origin=origin,
        fields=fields,
        buttons=tuple(buttons),
        groups=(Group(action=action, heading=heading),),
        **more,
    )


def page(*fields, **more):
    return PageView((frame(*fields, **more),))


FORM = page(USER, SECRET, buttons=[SEND])


# The form


def test_a_form_with_two_passwords_is_none():
    assert find_form(frame(USER, SECRET, Field(4, "password", name="repeat"), buttons=[SEND]), 0) is None


def test_a_search_or_a_newsletter_is_none():
    assert (
        find_form(frame(Field(1, "text", name="search-users"), buttons=[Button(2, "submit", "Go", group=0)]), 0) is None
    )
    mail, subscribe = Field(1, "email", name="email"), Button(2, "submit", "Subscribe", group=0)
    assert find_form(frame(mail, buttons=[subscribe]), 0) is None


def test_an_address_alone_is_one_where_it_goes_on():
    form = find_form(frame(Field(1, "email"), buttons=[Button(2, "submit", "Weiter", group=0)]), 0)
    assert (form.identifier.index, form.password, form.submit.index) == (1, None, 2)


@pytest.mark.parametrize(
    "label", ["Email, phone, or username", "Phone or email", "Company account", "", "მომხმარებელი"]
)
def test_what_stands_right_before_the_password_is_who_signs_in(label):
    form = find_form(frame(Field(1, "text", label=label), SECRET, buttons=[SEND]), 0)
    assert form.identifier.index == 1


def test_a_search_before_the_password_is_not_who_signs_in():
    search = Field(1, "text", name="q", label="Search")
    assert find_form(frame(search, SECRET, buttons=[SEND]), 0).identifier is None
    assert find_form(frame(search, USER, SECRET, buttons=[SEND]), 0).identifier is USER


@pytest.mark.parametrize(
    "button",
    [
        Button(3, "submit", "შესვლა", group=0),
        Button(3, "button", "", group=0),
        Button(3, "submit", "Anmelden", group=0, enabled=False),
        Button(3, "link", "Log in", group=0),
    ],
)
def test_the_button_that_sends(button):
    others = [
        Button(4, "button", "Forgot password?", group=0),
        Button(5, "button", "Continue with Google", group=0),
        Button(0, "button", "👁", group=0, helper=True),
    ]
    assert find_form(frame(USER, SECRET, buttons=[*others, button]), 0).submit == button


def test_a_button_for_new_accounts_never_sends():
    assert find_form(frame(USER, SECRET, buttons=[Button(3, "submit", "Sign up", group=0)]), 0) is None


@pytest.mark.parametrize(
    "fields",
    [
        [Field(1, "text", autocomplete="one-time-code")],
        [Field(1, "tel", label="Verification code", numeric=True)],
        [Field(1, "password", label="Authenticator code")],
        [Field(n, "text", length=1) for n in range(6)],
    ],
)
def test_fields_for_codes(fields):
    assert wants_code(frame(*fields))
    form = find_form(frame(*fields, buttons=[SEND]), 0)
    assert form is None or form.password is None


@pytest.mark.parametrize(
    "field", [SECRET, USER, Field(1, "text", label="Postal code"), Field(1, "select", label="Country code")]
)
def test_fields_that_are_not_for_codes(field):
    assert not wants_code(frame(field))


# The next move


def test_it_fills_in_once():
    assert isinstance(decide(FORM, Progress(), ORIGINS), Fill)
    assert isinstance(decide(FORM, Progress(password_sent=True), ORIGINS), Wait)


def test_a_challenge_is_left_to_people():
    assert decide(page(USER, SECRET, buttons=[SEND], challenge="h-captcha"), Progress(), ORIGINS) == GiveUp(
        SignInProblem.CHALLENGE
    )


@pytest.mark.parametrize(
    "view",
    [
        page(USER, SECRET, buttons=[SEND], origin=OTHER, action=OTHER),
        page(USER, SECRET, buttons=[SEND], action=OTHER),
        page(USER, SECRET, buttons=[Button(3, "submit", "Sign in", group=0, action=OTHER)]),
        PageView((FrameView(origin=OURS), frame(USER, SECRET, buttons=[SEND], origin=OTHER, action=OTHER))),
        PageView((FrameView(origin=OTHER), frame(USER, SECRET, buttons=[SEND], ancestors=(OTHER,)))),
        page(USER, SECRET, buttons=[SEND], action="http://wandb.lab.example"),
    ],
)
def test_what_leads_to_another_host_is_refused_and_named(view):
    given_up = decide(view, Progress(), ORIGINS)
    assert given_up.problem is SignInProblem.UNKNOWN_HOST
    assert "is not known" in str(given_up.page)


def test_a_frame_of_others_that_asks_for_an_address_does_not_end_it():
    chat = frame(Field(1, "email"), buttons=[Button(2, "submit", "Continue", group=0)], origin=OTHER, action=OTHER)
    assert isinstance(decide(PageView((FrameView(origin=OURS), chat)), Progress(), ORIGINS), Wait)
    assert explain_no_form(PageView((FrameView(origin=OURS), chat)), ORIGINS).problem is SignInProblem.UNKNOWN_HOST


def test_being_sent_elsewhere_after_the_first_step_is_single_sign_on():
    view = page(USER, SECRET, buttons=[SEND], origin=OTHER, action=OTHER)
    assert decide(view, Progress(identifier_sent=True), ORIGINS) == GiveUp(SignInProblem.SSO, page=OTHER)


def test_a_banner_over_the_form_is_cleared_away_with_little_consent():
    covered = Field(2, "password", covered=True)
    banner = [Button(4, "button", "Accept all", banner=True), Button(5, "button", "Only necessary", banner=True)]
    move = decide(page(USER, covered, buttons=[SEND, *banner]), Progress(), ORIGINS)
    assert move == Press(0, banner[1])


def test_no_button_is_pressed_for_ever():
    view = PageView((FrameView(origin=OURS, buttons=(Button(1, "link", "Log in", href=f"{OURS}/a"),)),))
    progress = Progress()
    move = decide(view, progress, ORIGINS)
    progress.note_press(move.button)
    assert isinstance(decide(view, progress, ORIGINS), Wait)


def test_what_comes_between_is_put_off():
    asked = (Button(1, "button", "Continue with a passkey"), Button(2, "button", "Not now"))
    view = PageView((FrameView(origin=OURS, loaded_at=2.0, buttons=asked, text="Add a passkey\nNot now"),))
    assert decide(view, Progress(password_sent=True, loaded_at=1.0), ORIGINS) == Press(0, asked[1])
    assert isinstance(decide(view, Progress(password_sent=True, loaded_at=2.0), ORIGINS), Wait)


@pytest.mark.parametrize(
    ("text", "buttons", "problem"),
    [
        ("Use your passkey to continue", (), SignInProblem.PASSKEY_NEEDED),
        ("Verifying you are human", (), SignInProblem.CHALLENGE),
        ("Welcome", (Button(1, "link", "Continue with Okta"),), SignInProblem.SSO),
        ("Turn the wheel", (), SignInProblem.NOT_UNDERSTOOD),
    ],
)
def test_at_a_loss(text, buttons, problem):
    assert explain_no_form(PageView((FrameView(origin=OURS, text=text, buttons=buttons),)), ORIGINS).problem is problem


# The answers of pages

MEANINGS = {
    SignInProblem.WRONG_PASSWORD: [
        "The e-mail or password you entered is incorrect.",
        "Wrong password. You have 2 attempts left before your account is locked.",
        "Benutzername oder Kennwort ist falsch.",
        "Identifiant ou mot de passe incorrect",
        "La contraseña es incorrecta",
        "パスワードが違います",
        "用户名或密码错误",
        "Неверный пароль",
        "كلمة المرور غير صحيحة",
    ],
    SignInProblem.BLOCKED: [
        "Too many requests",
        "Your account has been blocked after multiple consecutive login attempts.",
        "Zu viele Versuche. Bitte später erneut versuchen.",
    ],
    SignInProblem.LOCKED: [
        "Votre compte est verrouillé",
        "You have been locked out.",
        "Account is temporarily disabled; contact your administrator or retry later.",
    ],
    SignInProblem.INACTIVE: [
        "Votre compte n'a pas encore été autorisé par un administrateur.",
        "This account is inactive.",
        "Your account has been disabled",
        "Your account has not been authorized by an administrator yet.",
        "Dieses Konto wurde deaktiviert",
        "アカウントが無効です。",
    ],
    SignInProblem.PASSWORD_EXPIRED: [
        "Update your password",
        "Ihr Passwort ist abgelaufen",
        "パスワードは失効しています",
    ],
    SignInProblem.UNVERIFIED: [
        "Please verify your email address first",
        "Bitte E-Mail-Adresse bestätigen",
        "This account requires confirmation",
    ],
    SignInProblem.PUSH_NEEDED: [
        "Approve the request on your device",
        "Push-Benachrichtigung gesendet",
        "Enviamos uma notificação para o seu celular. Aprove o acesso para continuar.",
        "Abra o aplicativo no seu telefone e aprove",
        "Une notification a été envoyée sur votre téléphone",
        "Bestätigen Sie die Anmeldung auf Ihrem Smartphone",
    ],
    SignInProblem.QUESTION_NEEDED: ["Answer your security question", "Sicherheitsfrage"],
    SignInProblem.PASSKEY_NEEDED: ["Touch your security key"],
    SignInProblem.CODE_NEEDED: ["Enter your verification code", "Check your phone", "请输入验证码"],
    SignInProblem.CHALLENGE: ["Please confirm that you are not a robot"],
    SignInProblem.SSO: ["Your organization requires single sign-on"],
    None: ["Welcome back", "Signing you in…", "Loading", "42 runs", ""],
}


@pytest.mark.parametrize(
    ("text", "problem"), [(text, problem) for problem, texts in MEANINGS.items() for text in texts]
)
def test_meanings(text, problem):
    assert classify(text) is problem


def answered(*alerts, text="", sent=None, **progress):
    view = page(USER, SECRET, buttons=[SEND], alerts=alerts, text=text)
    return outcome_of(view, sent or Progress(password_sent=True, **progress))


def test_what_stood_there_before_is_no_answer():
    old = Alert("Too many people love us")
    assert answered(old, earlier_alerts=frozenset({old.text})) is None


def test_unknown_words_count_once_the_server_refused_or_the_page_has_had_its_time():
    unknown = Alert("არასწორია")
    assert answered(unknown) is None
    for said in ({"refused": True}, {"overdue": True}):
        assert answered(unknown, **said) == GiveUp(SignInProblem.WRONG_PASSWORD, unknown.text)


def test_a_line_without_any_mark_counts_if_it_is_new_and_plain():
    line = "That password doesn't match our records."
    assert answered(text=f"Sign in\n{line}") == GiveUp(SignInProblem.WRONG_PASSWORD, line)
    assert answered(text=f"Sign in\n{line}", earlier_lines=frozenset({line})) is None


SENT = Progress(password_sent=True, loaded_at=1.0)
NEW, AGAIN = Field(1, "password", autocomplete="new-password"), Field(2, "password")


@pytest.mark.parametrize(
    ("fields", "more", "problem"),
    [
        ([Field(1, "tel", name="zorp")], {}, SignInProblem.CODE_NEEDED),
        ([Field(1, "number", label="Flib")], {}, SignInProblem.CODE_NEEDED),
        ([Field(1, "text", length=6)], {}, SignInProblem.CODE_NEEDED),
        ([Field(1, "tel", autocomplete="tel")], {}, None),
        ([Field(1, "text", label="Mis oli sinu esimese koera nimi?")], {}, SignInProblem.QUESTION_NEEDED),
        ([Field(1, "password", label="最初のペットの名前は\uff1f")], {}, SignInProblem.QUESTION_NEEDED),
        ([Field(1, "password", label="What food did you dislike? Answer")], {}, SignInProblem.QUESTION_NEEDED),
        ([], {"buttons": [Button(1, "button", "Send Push")]}, SignInProblem.PUSH_NEEDED),
        ([], {"buttons": [Button(1, "button", "Use security key")]}, SignInProblem.PASSKEY_NEEDED),
        ([], {"buttons": [Button(1, "button", "Passkey"), Button(2, "button", "Text me a code")]}, None),
        ([Field(1, "text", label="Zorp")], {"text": "Didn't get it?"}, None),
        ([Field(1, "password"), AGAIN], {}, SignInProblem.PASSWORD_EXPIRED),
        ([NEW], {"buttons": [SEND]}, SignInProblem.PASSWORD_EXPIRED),
        ([], {"passkey": True}, SignInProblem.PASSKEY_NEEDED),
        ([Field(1, "email", label="E-mail")], {}, None),
        ([Field(1, "text", label="Search")], {}, None),
    ],
)
def test_a_second_step_is_known_by_its_fields(fields, more, problem):
    step = second_step(page(*fields, loaded_at=2.0, **more), SENT)
    assert (step and step.problem) is problem
    assert second_step(page(*fields, loaded_at=2.0, **more), Progress()) in {None, GiveUp(SignInProblem.CODE_NEEDED)}


def test_the_question_is_quoted_without_the_placeholder():
    field = Field(1, "password", label="What food did you dislike? Answer Answer")
    assert second_step(page(field), SENT).words == "What food did you dislike?"


def test_consent_is_never_given():
    buttons = (Button(1, "submit", "Continue"), Button(2, "submit", "Cancel"))
    asks = FrameView(origin=OTHER, loaded_at=2.0, text="Lab wants access to your profile", buttons=buttons)
    assert decide(PageView((asks,)), SENT, ORIGINS).problem is SignInProblem.CONSENT_NEEDED
    ours = replace(asks, origin=OURS)
    assert isinstance(decide(PageView((ours,)), SENT, ORIGINS), Wait), "this may be the page after the sign-in"
    signed_out = replace(SENT, signed_out=True)
    assert decide(PageView((ours,)), signed_out, ORIGINS).problem is SignInProblem.CONSENT_NEEDED
    boxed = replace(ours, text="Zorp", fields=(Field(3, "checkbox"),))
    assert isinstance(decide(PageView((boxed,)), signed_out, ORIGINS), Wait), "a box to tick is an agreement"


def test_a_code_beside_the_password_may_be_what_was_missing():
    code = Field(4, "text", name="otp", length=6)
    view = page(USER, SECRET, code, buttons=[SEND], text="Wrong password")
    assert outcome_of(view, SENT) == GiveUp(SignInProblem.CODE_NEEDED, "Wrong password", code_beside=True)


def test_a_field_that_turned_invalid_is_a_refusal():
    view = page(USER, replace(SECRET, invalid=True, described="Zant"), buttons=[SEND])
    refused = replace(SENT, loaded_at=0.0, refused=True)
    assert outcome_of(view, refused) == GiveUp(SignInProblem.WRONG_PASSWORD, "Zant")
    assert outcome_of(view, replace(refused, earlier_invalid=frozenset({SECRET.name}))) is None


def test_a_link_to_single_sign_on_that_was_always_there_is_no_answer():
    view = page(USER, buttons=[Button(3, "submit", "Next", group=0)], text="Use single sign-on (SSO)")
    sent = Progress(identifier_sent=True, earlier_lines=view.lines)
    assert outcome_of(view, sent) is None
    assert outcome_of(view, Progress(identifier_sent=True)) == GiveUp(SignInProblem.SSO)


# Being signed in, by what a page shows


@pytest.mark.parametrize(
    ("view", "looks"),
    [
        (PageView((FrameView(origin=OURS, text="Runs", buttons=(Button(1, "link", "Log out"),)),)), True),
        (PageView((FrameView(origin=OURS, text="42 runs"),)), True),
        (PageView((FrameView(origin=OURS, text=""),)), False),
        (PageView((FrameView(origin=OURS, text="Something went wrong"),)), False),
        (PageView((FrameView(origin=OURS, text="Runs", buttons=(Button(1, "link", "Log in"),)),)), False),
        (PageView((FrameView(origin=OTHER, text="Runs", buttons=(Button(1, "link", "Log out"),)),)), False),
        (FORM, False),
    ],
)
def test_by_looks(view, looks):
    assert looks_signed_in(view, ORIGINS) is looks


# Anything at all

FIELDS = st.builds(
    Field,
    index=st.integers(0, 50),
    kind=st.sampled_from(["text", "email", "password", "tel", "checkbox", "select", "search"]),
    autocomplete=st.sampled_from(["", "username", "current-password", "new-password", "one-time-code", "off"]),
    label=st.sampled_from(["", "Email", "Search", "Code", "Passwort", "名前"]),
    visible=st.booleans(),
    enabled=st.booleans(),
    covered=st.booleans(),
    length=st.integers(-1, 20),
)
BUTTONS = st.builds(
    Button,
    index=st.integers(0, 50),
    kind=st.sampled_from(["submit", "button", "link"]),
    text=st.sampled_from(["", "Log in", "Sign up", "Next", "Continue with Google", "Accept cookies", "Show"]),
    enabled=st.booleans(),
    banner=st.booleans(),
    group=st.integers(-1, 1),
    action=st.sampled_from(["", OURS, OTHER]),
)
FRAMES = st.builds(
    FrameView,
    origin=st.sampled_from([OURS, OTHER, "null", ""]),
    fields=st.lists(FIELDS, max_size=5).map(tuple),
    buttons=st.lists(BUTTONS, max_size=5).map(tuple),
    groups=st.lists(st.builds(Group, action=st.sampled_from(["", OURS, OTHER])), max_size=2).map(tuple),
    challenge=st.sampled_from(["", "h-captcha"]),
    ancestors=st.sampled_from([(), (OURS,), (OTHER, OURS)]),
    text=st.text(max_size=40),
)
PAGES = st.lists(FRAMES, min_size=1, max_size=3).map(lambda frames: PageView(tuple(frames)))
DONE = st.builds(Progress, identifier_sent=st.booleans(), password_sent=st.booleans(), overdue=st.booleans())


@settings(deadline=None)  # the phrases are compiled when they are first used
@given(PAGES, DONE)
def test_whatever_a_page_is_nothing_is_filled_in_that_may_not_be(view, progress):
    move = decide(view, progress, ORIGINS)
    if isinstance(move, Fill):
        assert not progress.password_sent
        assert form_problem(view, move.form, ORIGINS) is None
        assert view.frames[move.form.frame].origin == OURS
        assert not view.frames[move.form.frame].challenge
    if isinstance(move, Press):
        assert move.button in view.frames[move.frame].buttons


@settings(deadline=None)
@given(PAGES)
def test_whatever_a_page_is_a_form_is_made_of_what_a_person_could_use(view):
    if form := own_form(view, ORIGINS):
        for item in (form.identifier, form.password):
            assert item is None or item.usable
    assert outline(view)


@given(st.text())
def test_an_origin_is_an_origin_of_itself(text):
    origin = origin_of(text)
    assert origin_of(origin) == origin
    assert not ORIGINS.problem(text) or origin != OURS


@given(st.text(alphabet="abc./@:\\#?%-", max_size=20))
def test_what_is_added_to_an_address_never_makes_another_host_ours(rest):
    assert ORIGINS.problem(f"https://evil.test/{rest}{OURS}")
    assert ORIGINS.problem(f"{OURS}.evil.test{rest}")


def test_every_phrase_is_one_that_can_be_found():
    for name, said in (*vars(phrases).items(), *vars(refusal_phrases).items()):
        if name.isupper():
            assert said
            assert all(phrase == phrase.strip() and phrase for phrase in said), name
            assert not says("", said), name


def test_a_form_below_a_heading_for_new_accounts_gets_no_password():
    fields = [Field(1, "email"), Field(2, "password")]
    for heading, wanted in (("Create your account", False), ("Sign in or create an account", True), ("", True)):
        view = frame(*fields, buttons=[Button(3, "submit", "Continue", group=0)], heading=heading)
        assert (find_form(view, 0) is not None) is wanted, heading


def test_a_code_beside_the_password_is_for_those_who_have_one():
    code = Field(4, "text", name="otp", length=6, label="Code, if you have one")
    assert not wants_code(frame(USER, SECRET, code, buttons=[SEND]))
    assert wants_code(frame(code, buttons=[SEND]))


def test_a_tab_of_the_sign_in_is_opened_first():
    tabs = [Button(5, "tab", "Register", enabled=False), Button(6, "tab", "Log in")]
    new = page(Field(1, "email"), SECRET, buttons=[SEND, *tabs])
    progress = Progress()
    assert decide(new, progress, ORIGINS).button is tabs[1]
    progress.note_press(tabs[1])
    assert isinstance(decide(new, progress, ORIGINS), Fill)
