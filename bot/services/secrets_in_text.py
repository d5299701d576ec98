"""Finds passwords, PINs and security codes that somebody typed, however they say it."""

from __future__ import annotations

import re

HIDDEN = "[hidden]"

_KEY = (
    # password as people spell it: pasword, passwort, passwrd, passwrod, pswd, pass-word ...
    r"\b(?:p[a@]?s{1,3}[ -]?w(?:[aeou]{0,2}r{0,2}[dt]{0,2}|rod|odr)s?|psasword|passord|p[ /]?words?|p/?wd?"
    r"|pass?[ -]?codes?|pass?[ -]?phrase|kennwort|contrase[ñn]a|mot de passe|wachtwoord|senha"
    r"|(?<=\bmy )pass|pins?(?:\s+(?:code|number|no\.?))?|cvv2?|cvc2?|security code)\b"
)
_FILLER = (
    r"(?:\s*[:=]|(?:\s+(?:now|still|just|actually|probably|maybe|either|definitely|like|i think|i guess"
    r"|i believe|something like|set to|called|and it is|and its)\b)){0,3}"
)
_QUOTED = r"[\"“„«][^\"“”„«»\n]{1,60}[\"”»]|'[^'\n]{1,60}'(?!\w)"
_SECRET = rf"(?P<secret>(?!\[hidden\]|\[card )(?:{_QUOTED}|\S+))"
_WHOSE = r"\s+(?:for|to|on|of|at|here|there|that|which|i|we|she|he)\b[\w\s]{0,30}?\s(?:is|was|are|were)\b"

_STATED = re.compile(
    rf"(?P<lead>{_KEY}(?:(?:['\u2019]s\b|\s+(?:is|iz|was|are|were|=)(?!\w)|{_WHOSE}){_FILLER}|\s*[:=])\s*)"
    rf"{_SECRET}",
    re.IGNORECASE,
)
"""The password is X; password: X."""
_CODE = re.compile(
    rf"(?P<lead>{_KEY}\s+)\d{{3,8}}\b(?!\s*(?:times|days|hours|minutes|places|orders))", re.IGNORECASE
)
"""PIN 1234."""
_OR = re.compile(
    r"(?P<lead>\[hidden\],?\s+(?:or|and then|then)\s+(?:maybe\s+|else\s+)?)" + _SECRET, re.IGNORECASE
)
"""The password is X or Y."""
_IT = re.compile(
    rf"(?P<lead>{_KEY}[^\n]{{0,80}}?"
    rf"\b(?:it['\u2019]?s|it is|it was|thats|that['\u2019]s|i think|maybe){_FILLER}\s+)"
    rf"(?P<secret>(?!\[hidden\]|\[card )(?:{_QUOTED}|[^\s,.;!?]+))"
    r"(?=[,.;!?]*(?:\s*$|[,.;!?]\s|\s+(?:i (?:think|guess|believe)|and|or|but|right|maybe|lol|haha)\b))",
    re.IGNORECASE,
)
"""I forgot the password, it's X I think."""
_BEFORE = re.compile(
    rf"(?P<before>(?:^|[,.;!?]\s+)(?:i think\s+|maybe\s+)?"
    r"|\b(?:used?|try|tried|typed?|put|entered|enter|set)\s+)"
    rf"(?P<secret>(?!\[hidden\]|\[card )(?:{_QUOTED}|\S+))"
    rf"(?P<after>\s+(?:is|was|as|for)\s+(?:(?:my|the|a|our)\s+)?(?:old\s+|new\s+)?{_KEY})",
    re.IGNORECASE,
)
"""X is my password; I used X as my password."""

_ANY = re.compile(_KEY, re.IGNORECASE)
_TOKEN = re.compile(r"(?<![\w@#])(?P<lead>[(\"'“]*)(?P<token>[^\s\[\](),;\"“”]{5,64})")
_OTHER = re.compile(
    r"\S+@\S+\.\w+|https?:\S+|www\.\S+|\S+\.(?:com|org|net|io|example|co\.uk)\S*"  # addresses
    r"|K\d{4}|[A-Z]{1,2}\d[A-Z\d]?\d[A-Z]{2}"  # a case, a postcode
    r"|\d+(?:st|nd|rd|th|am|pm|x|cm|mm|kg|min|mins|hrs?|h|d)|\d{1,2}[:.]\d\d(?:am|pm|h)?"
    r"|(?:iphone|ipad|windows|android|ios|covid|galaxy)[-_]?\d+\w*",
    re.IGNORECASE,
)
_ORDER = re.compile(
    r"\b(?:order|case|tracking|parcel|invoice|number|no|nr|code|model)[\s.:#]*$", re.IGNORECASE
)

_ORDINARY = re.compile(
    r"not|wrong|incorrect|correct|right|invalid|valid|expired|lost|forgotten|gone|the|a|an|my|your|it|that"
    r"|this|these|those|broken|rejected|no|none|never|being|be|been|asked|required|needed|working|still|too"
    r"|so|very|reset|changed|blocked|locked|unknown|stolen|hacked|always|again|where|what|which|why|how|when"
    r"|who|also|all|just|only|now|ok|okay|fine|good|bad|new|old|same|different|secret|private|personal|safe"
    r"|secure|weak|strong|long|short|easy|hard|simple|saved|stored|known|hidden|compromised|leaked|declined"
    r"|accepted|denied|refused|recogni[sz]ed|disabled|deleted|missing|failing|driving|giving|getting|causing"
    r"|coming|saying|showing|asking|set|sent|out|up|in|on|at|of|for|to|from|with|by|as|or|and|but|if"
    r"|because|cause|since|something|anything|nothing|everything|else|somewhere|written|correctly|case"
    r"|definitely|probably|maybe|apparently|actually|supposedly|really|quite|already|yet|here|there|done"
    r"|i|we|you|he|she|they|one|mine|yours|ours|both|any|some|more|less|important|necessary|empty|blank"
    r"|does(?:n['\u2019]?t)?|can(?:['\u2019]?t|not)?|cant|wont|won['\u2019]t|isn['\u2019]?t|is|are|was|were"
    r"|problem|issue|question|thing|trouble|impossible|possible|urgent|weird|strange|odd|stupid|silly|mad"
    r"|crazy|nuts|rubbish|crap|useless|great|nice|sad|funny|late|slow|down|over|time|your fault|hopeless"
    r"|yes|please|pls|sorry|lol|haha|ok\?|forgot|need|help|change|recover|forget|remember|link|email|mail"
)
_ADJECTIVE = re.compile(r"[a-z]+(?:ing|ed|ous|ible|able|ful|less|ly|ic|ent|ant)")


def mask_secrets(text: str) -> str:
    """Return `text` with everything that is a password, PIN or code by what is said replaced."""
    if not _ANY.search(text):
        return text
    text = _CODE.sub(rf"\g<lead>{HIDDEN}", text)
    text = _STATED.sub(_after, text)
    text = _BEFORE.sub(_before, text)
    text = _IT.sub(_after_it, text)
    text = _OR.sub(_after, text)
    return _TOKEN.sub(_by_looks, text)


def _bare(secret: str) -> str:
    return secret.strip(".,;:!?'\"()").lower()


def _after(match: re.Match[str]) -> str:
    bare = _bare(match.group("secret"))
    return match.group() if not bare or _ORDINARY.fullmatch(bare) else f"{match.group('lead')}{HIDDEN}"


def _after_it(match: re.Match[str]) -> str:
    """Hide what "it" is, unless that is a word for how it is."""
    return match.group() if _ADJECTIVE.fullmatch(_bare(match.group("secret"))) else _after(match)


def _before(match: re.Match[str]) -> str:
    bare = _bare(match.group("secret"))
    ordinary = not bare or _ORDINARY.fullmatch(bare) or _ADJECTIVE.fullmatch(bare)
    return match.group() if ordinary else f"{match.group('before')}{HIDDEN}{match.group('after')}"


def _by_looks(match: re.Match[str]) -> str:
    """Hide what looks like a password wherever it stands: letters and digits, and no known code."""
    token = match.group("token").rstrip(".!?:'")
    mixed = any(c.isalpha() for c in token) and any(c.isdigit() for c in token)
    known = _OTHER.fullmatch(token) or _ORDER.search(match.string[: match.start()])
    if len(token) < 5 or not mixed or known:
        return match.group()
    return f"{match.group('lead')}{HIDDEN}{match.group('token')[len(token) :]}"
