"""Finds articles by a customer's own words: plurals, typos and whole questions are fine."""

from __future__ import annotations

import difflib
import json
import math
import re
import sqlite3
import unicodedata
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from bot.domain.customer import Answer, Product, Status

MOST = 5
CLOSE = 0.8
"""Likeness of two words from which one is taken for a misspelling of the other."""
SHORTEST_GUESS = 4
"""Letters that a word must have before it is taken for a misspelling or a beginning."""
SHORTEST_PART = 3
"""Letters of each half of two words written as one."""
ENOUGH = 0.5
"""Share of the highest score there could be that an article must reach; and of the best article's."""
CURRENCY = "GBP"

_URL = "https://shop.example.com/p/"
_NOISE_WORDS = (
    "a an and any are at be been buy can could do does for from get give got has have hello help hey hi how"
    " i if in is it item items its kind let like looking me my need of offer on one ones or order our out"
    " please product products sale sell shop show some something stock tell thank thanks that the their"
    " them there these they thing things this those to us want was we what whats when where which with"
    " would you your available about much cost costs price come id im ive find see still also"
    " big large small long wide high made back soon more most very nice good new"
    " bigger smaller larger longer cheap cheaper cheapest best between difference idea ideas after lover"
)
_NOISE = frozenset(_NOISE_WORDS.split())
_HEAD = re.compile(r",| with | and ")
"""What follows the words that say what an article is."""
_SAME = {
    "carpet": "rug",
    "couch": "sofa",
    "gray": "grey",
    "washable": "wash",
    "color": "colour",
    "wooden": "wood",
    "timber": "wood",
    "blanket": "throw",
    "present": "gift",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class _Article:
    product: Product
    words: dict[str, float]
    """Weights: a word in the name says more than one in the facts."""
    head: str
    """What it is, the last word of its name: an underlay for a rug is no rug."""
    beside: frozenset[str]
    """The other words of its name."""


class Catalogue:
    """The table `products`."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def find(self, text: str) -> Answer[tuple[Product, ...]]:
        """Return the articles that fit best, best first; those that are named in full and no others."""
        asked = list(dict.fromkeys(word for word in words(text) if word not in _NOISE))
        articles = [_article(row) for row in self._db.execute("SELECT * FROM products ORDER BY sku")]
        folded = text.casefold()
        named = [a.product for a in articles if _is_named(a.product, folded)][:MOST]
        return Answer(status=Status.OK, value=tuple(named or _best(asked, articles)))


def words(text: str) -> Iterator[str]:
    """Return the words of a text: no accents, no capitals, no plural."""
    bare = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    for word in re.findall(r"[a-z0-9]+", bare.casefold().replace("'", "")):
        yield _SAME.get(one := _singular(word), one) if word not in _NOISE else word


def _is_named(product: Product, text: str) -> bool:
    return any(re.search(rf"\b{re.escape(n.casefold())}\b", text) for n in (product.name, product.sku))


def _singular(word: str) -> str:
    if len(word) < SHORTEST_GUESS or word.endswith(("ss", "us")):
        return word
    if word.endswith("ies"):
        return word[:-3] + "y"
    if word.endswith("ves"):
        return word[:-3] + "f"
    if word.endswith(("shes", "ches", "xes", "sses")):
        return word[:-2]
    return word.removesuffix("s")


def _best(asked: list[str], articles: list[_Article]) -> list[Product]:
    """Rank by the share of what was asked that an article meets; rare words count for more."""
    if not asked:
        return []
    has = Counter(word for article in articles for word in article.words)
    read = {word: _meant(word, has) for word in _apart(asked, has)}
    weight = {word: math.log(1 + len(articles) / max(1, has[meant])) for word, meant in read.items()}
    whole = sum(weight.values())
    scored: list[tuple[float, Product]] = []
    is_one: dict[str, float] = {}
    for article in articles:
        score = sum(weight[word] * article.words.get(meant, 0.0) for word, meant in read.items())
        if score >= ENOUGH * whole:
            scored.append((score, article.product))
            if article.head in read.values():
                is_one[article.head] = max(score, is_one.get(article.head, 0.0))
    beside = {
        a.product.sku: max((is_one.get(word, 0.0) for word in a.beside), default=0.0) for a in articles
    }
    scored = [(score, product) for score, product in scored if score > beside[product.sku]]
    scored.sort(key=lambda pair: (-pair[0], not pair[1].in_stock, pair[1].sku))
    return [product for score, product in scored[:MOST] if score >= ENOUGH * scored[0][0]]


def _apart(asked: list[str], known: Counter[str]) -> Iterator[str]:
    """Return the words, those in two that are written as one."""
    for word in asked:
        places = range(SHORTEST_PART, len(word) - SHORTEST_PART + 1) if word not in known else ()
        parts = [(word[:at], word[at:]) for at in places if word[:at] in known and word[at:] in known]
        yield from parts[0] if parts else (word,)


def _meant(word: str, known: Counter[str]) -> str:
    """Return the known word that was meant: the same, one that begins so, or the most alike."""
    if word in known or len(word) < SHORTEST_GUESS:
        return word
    swapped = (o for o in known if o[0] == word[0] and sorted(o) == sorted(word))
    longer = (other for other in known if other.startswith(word))
    close = difflib.get_close_matches(word, sorted(known), n=1, cutoff=CLOSE)
    return min(swapped, default="") or min(longer, default="") or (close[0] if close else word)


def _article(row: sqlite3.Row) -> _Article:
    about = json.loads(row["about"])
    weights: dict[str, float] = {}
    for share, text in (
        (1.0, row["name"]),
        (0.8, about["words"]),
        (0.7, " ".join([*about["facts"], *about["facts"].values()])),
        (0.4, about["summary"]),
    ):
        for word in words(text):
            weights[word] = max(share, weights.get(word, 0.0))
    head, *others = reversed([*words(_HEAD.split(row["name"])[0])])
    return _Article(
        product=_product(row, about), words=weights, head=head, beside=frozenset(others) - {head}
    )


def _product(row: sqlite3.Row, about: dict[str, object]) -> Product:
    facts, restock = about["facts"], row["restock_on"]
    return Product(
        sku=row["sku"],
        name=row["name"],
        price=Decimal(row["price"]),
        currency=CURRENCY,
        in_stock=row["stock"] > 0,
        summary=str(about["summary"]),
        url=f"{_URL}{row['sku'].lower()}",
        restock_on=date.fromisoformat(restock) if restock and not row["stock"] else None,
        facts={str(k): str(v) for k, v in facts.items()} if isinstance(facts, dict) else {},
    )
