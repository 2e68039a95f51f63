"""Turns a plot skeleton into a story.

`make_story(rng)` draws the characters, the object, the place and the weather,
expands the plot's template with them and returns a `Story`, which remembers
what it is about, so that a fitting request can be written for it.
"""

from __future__ import annotations

import random
import re
from dataclasses import dataclass, field
from functools import lru_cache
from zlib import crc32

import words as W
from plots import PIECES, PLOTS, Plot

# --- The template language --------------------------------------------------------


@lru_cache(maxsize=None)
def parse(template: str) -> tuple:
    """Template text -> tuple of nodes: a string, ("slot", name) or ("choice", (nodes, ...))."""
    nodes, position = _parse_sequence(template, 0)
    if position != len(template):
        raise ValueError(f"stray bracket at {position} in: {template}")
    return nodes


def _parse_sequence(template: str, position: int) -> tuple[tuple, int]:
    nodes: list = []
    while position < len(template):
        character = template[position]
        if character in "|]":
            break
        if character == "[":
            options = []
            while True:
                option, position = _parse_sequence(template, position + 1)
                options.append(option)
                if position >= len(template):
                    raise ValueError(f"missing ] in: {template}")
                if template[position] == "]":
                    break
            nodes.append(("choice", tuple(options)))
            position += 1
        elif character == "{":
            end = template.index("}", position)
            nodes.append(("slot", template[position + 1 : end]))
            position = end + 1
        else:
            end = position
            while end < len(template) and template[end] not in "[]|{":
                end += 1
            nodes.append(template[position:end])
            position = end
    return tuple(nodes), position


def capitalise(text: str) -> str:
    """Upper-case the first letter, even behind an opening quote."""
    for index, character in enumerate(text):
        if character.isalpha():
            return text[:index] + character.upper() + text[index + 1 :]
    return text


VOWEL_SOUND = re.compile(r"^(?:[aeio]|u(?!ni|ku|se|ti)|hour|honest|heir)(?!ne-|nce)", re.IGNORECASE)
ARTICLE = re.compile(r"\b([Aa])n? (?=([A-Za-z][\w-]*))")


def tidy(text: str) -> str:
    """Spaces, sentence capitals and a/an."""
    paragraphs = []
    for paragraph in text.split("\n\n"):
        paragraph = " ".join(paragraph.split())
        paragraph = re.sub(r" ([.,!?])", r"\1", paragraph)
        paragraph = re.sub(r"([.!?])([.!?])+", r"\1", paragraph)
        paragraph = re.sub(r"([.!?]) ([a-z])", lambda match: f"{match[1]} {match[2].upper()}", paragraph)
        paragraphs.append(capitalise(paragraph))
    text = "\n\n".join(paragraph for paragraph in paragraphs if paragraph)
    return ARTICLE.sub(lambda match: match[1] + ("n " if VOWEL_SOUND.match(match[2]) else " "), text)


# --- Characters and things -----------------------------------------------------------

HE_KINDS = set(W.MALE_PEOPLE) | set(W.words("bull, ram, rooster, stag, ox, wizard, genie, tin man, paper boy, monk, cowboy, peacock, brother, policeman, tomcat, mouse king, lumberjack"))
SHE_KINDS = set(W.FEMALE_PEOPLE) | set(W.words("cow, hen, lioness, mermaid, witch, fairy, rag doll, sister, ballerina, postwoman, fairy godmother, snow queen, nanny"))
PEOPLE = W.MALE_PEOPLE + W.FEMALE_PEOPLE + W.ANY_PEOPLE
PETS = W.words("dog, cat, puppy, kitten, horse, pony, parrot, rabbit, hamster, donkey, goat, mouse, duck, pig, sheepdog, turtle")
ELDERS = W.words("owl, tortoise, badger, raven, woman, man, bear, goat, donkey, frog, hermit, gardener, shepherd, toad, elephant, stork, crow, fisherman, beaver, teacher")
WATER_ELDERS = W.words("sea turtle, whale, lobster, octopus, walrus, catfish, crab, seahorse")

# Who and what a story takes when the request does not say: few and common ones. Among hundreds, each would be so
# unlikely that the likeliest next word was always one more adjective.
COMMON_CHARACTERS = W.words("owl, bear, rabbit, mouse, frog, girl, boy, squirrel, hedgehog, crow, turtle, cat, dog, fox, duck, baker")
COMMON_FRIENDS = W.words("badger, toad, mole, crow, hedgehog, beaver, squirrel, heron")  # seldom asked for: the hero must not meet its like
COMMON_WATER_ANIMALS = W.words("dolphin, sea turtle, octopus, seahorse, whale")
COMMON_THINGS = W.words("key, ball, hat, ring, book, kite, lantern, drum, shell, coin")
COMMON_FOOD = W.words("apple pie, cake, loaf of bread")
COMMON_BUILDINGS = W.words("boat, tree house, bridge")

FOOD_ADJECTIVES = W.words("big, small, fresh, warm, sweet, delicious, round, wonderful, huge, ripe, tasty, fine")
PLANT_ADJECTIVES = W.words("tall, big, beautiful, wonderful, huge, golden, bright, strong, giant")
MUSIC_ADJECTIVES = W.words("old, small, shiny, little, golden, beautiful, brown, dusty, simple, wooden")
BUILD_ADJECTIVES = W.words("big, small, tall, strong, red, little, beautiful, blue, fine, wonderful, white")
CLOTHES_ADJECTIVES = W.words("thick, soft, long, old, fine, blue, green, woollen, beautiful, new, yellow, brown")
PLAIN_ADJECTIVES = W.words("old, new, small, little, beautiful, shiny, strange, lovely, tiny, dusty, special, fine, pretty, big")
OBJECT_LISTS = {
    "small": (W.SMALL_OBJECTS, W.OBJECT_ADJECTIVES), "light": (W.LIGHT_OBJECTS, W.words("old, small, little, dusty, rusty, simple, plain, tiny, strange")), "music": (W.MUSIC_OBJECTS, MUSIC_ADJECTIVES),
    "food": (W.FOOD_OBJECTS, FOOD_ADJECTIVES), "plant": (W.PLANT_OBJECTS, PLANT_ADJECTIVES), "build": (W.BUILD_OBJECTS, BUILD_ADJECTIVES),
    "clothes": (W.CLOTHES, CLOTHES_ADJECTIVES),
}

THINGS = {noun for nouns, _ in OBJECT_LISTS.values() for noun in nouns} | set(W.RARE_OBJECTS) | set(W.LIVING_THINGS)

# Likes come in two grammatical forms, which must not be mixed in one sentence.
LIKES_TO_DO = W.words("""to sing, to look at the clouds, to tell jokes, to count the stars, to collect shells, to read, to sleep in the sun, to watch the birds,
    to draw, to dance, to whistle, to hear stories, to jump in puddles, to climb, to play games, to laugh, to paint, to run, to tell riddles, to dream""")
LIKES = W.words("""honey cake, warm bread, long walks, the smell of rain, old songs, riddles, apple juice, puzzles, big breakfasts, soft pillows, flowers, music,
    the wind, quiet evenings, hot chocolate, good stories, warm baths, the colour blue, the sound of bells, bright colours, nuts and honey""")
WATER_LIKES_TO_DO = W.words("to blow bubbles, to sing, to play hide-and-seek, to dance in the waves, to tell jokes, to race with the waves, to hear stories")
WATER_LIKES = W.words("warm water, shiny shells, old stories, quiet evenings, bright corals, soft sand")


def all_nouns() -> list[str]:
    """Every noun a story can be about."""
    lists = [W.LAND_ANIMALS, W.FLYING_ANIMALS, W.WATER_ANIMALS, W.FANTASY_FOLK, W.LIVING_THINGS, W.MALE_PEOPLE, W.FEMALE_PEOPLE, W.ANY_PEOPLE, W.RARE_OBJECTS]
    lists += [nouns for nouns, _ in OBJECT_LISTS.values()]
    return sorted({noun for nouns in lists for noun in nouns})


@lru_cache(maxsize=None)
def _plain_nouns() -> list[str]:
    return [noun for noun in all_nouns() if noun.isalpha() and len(noun) > 3]


def invented_word(rng: random.Random) -> str:
    """A word that does not exist, such as "blaffo" or "trenkle", or made of two halves of real ones, such as "hedgumpet"."""
    if rng.random() < 0.5:
        first, second = rng.sample(_plain_nouns(), 2)
        return first[: rng.randint(2, min(5, len(first) - 1))] + second[-rng.randint(2, min(5, len(second) - 1)) :]
    word = rng.choice(W.ONSETS) + rng.choice(W.VOWELS) + rng.choice(W.CODAS)
    return word + rng.choice(W.ENDINGS) if rng.random() < 0.7 else word


@dataclass
class Character:
    kind: str
    pronoun: str  # "he" or "she"
    domain: str  # "land", "air" or "water"
    adjectives: list[str] = field(default_factory=list)
    name: str = ""

    @property
    def described(self) -> str:
        return " ".join([*self.adjectives, self.kind])

    def introduction(self, rng: random.Random) -> str:
        return f"a {self.described} named {self.name}" if self.name else f"a {self.described}"

    def mention(self, rng: random.Random) -> str:
        return self.name if self.name and rng.random() < 0.6 else f"the {self.kind}"

    def address(self, rng: random.Random) -> str:
        return self.name or rng.choice(["my friend", f"dear {self.kind}"])


def make_name(rng: random.Random, pronoun: str) -> str:
    while rng.random() < 0.1:
        name = invented_word(rng).capitalize()
        if (name[-1] in "aeiy") == (pronoun == "she"):
            return name
    return rng.choice(W.GIRL_NAMES if pronoun == "she" else W.BOY_NAMES)


def usual_pronoun(kind: str) -> str:
    """Every noun has its own pronoun, always the same: then a story can keep to it."""
    if kind in HE_KINDS or kind in SHE_KINDS:
        return "he" if kind in HE_KINDS else "she"
    return "he" if crc32(kind.encode()) % 2 else "she"


def make_character(rng: random.Random, water: bool, traits: list[str], pronoun: str = "", avoid: tuple[str, ...] = (), small: bool = False, common: bool = False) -> Character:
    """Draw a character; a friend (one whose pronoun is given) is somebody who cannot be taken for a thing."""
    while True:
        roll = rng.random()
        domain = "land"
        if common:
            kind = likely(rng, COMMON_WATER_ANIMALS if water else COMMON_FRIENDS if pronoun else COMMON_CHARACTERS)
            domain = "water" if water else "air" if kind in W.FLYING_ANIMALS else "land"
        elif water:
            kind, domain = rng.choice(W.WATER_ANIMALS), "water"
        elif roll < 0.42:
            kind = rng.choice(W.LAND_ANIMALS)
        elif roll < 0.55:
            kind, domain = rng.choice(W.FLYING_ANIMALS), "air"
        elif roll < 0.62:
            kind = rng.choice(W.FANTASY_FOLK)
        elif roll < 0.65:
            kind = rng.choice(W.LIVING_THINGS)
        elif roll < 0.79:
            kind = rng.choice(["boy", "girl", "boy", "girl", "girl", "king", "queen", "prince", "princess", *W.MALE_PEOPLE, *W.FEMALE_PEOPLE])
        elif roll < 0.91:
            kind = rng.choice(W.ANY_PEOPLE)
        elif pronoun:
            continue
        else:
            kind = invented_word(rng)
        if kind in avoid or pronoun and (usual_pronoun(kind) != pronoun or kind in THINGS):
            continue
        break
    named = not common and rng.random() < (0.12 if pronoun else 0.6 if kind in ("boy", "girl", "child") else 0.3)
    friend = bool(pronoun)
    if not friend:
        fixed = not named or kind in HE_KINDS or kind in SHE_KINDS
        pronoun = usual_pronoun(kind) if fixed else rng.choice(["he", "she"])  # a name decides
    adjectives = []
    if common or friend:
        return Character(kind, pronoun, domain, adjectives, make_name(rng, pronoun) if named else "")
    if rng.random() < 0.35:
        adjectives.append(rng.choice(traits))
    elif rng.random() < 0.35 and "small" not in " ".join(adjectives) and kind not in ("old man", "old woman", "young man", "young woman"):
        choices = ["little", "small", "tiny", "young", "very small"] if small else W.SIZES
        looks = kind not in PEOPLE and rng.random() < 0.35
        if not kind.startswith("baby") and kind not in ("giant", "dwarf") or looks:
            adjectives.append(rng.choice(W.LOOKS if looks and kind not in PEOPLE else choices))
    if adjectives and adjectives[0] == "old" and kind.startswith("old"):
        adjectives = []
    if len(adjectives) == 2 and ({"young", "old"} <= set(adjectives) or adjectives[0] == adjectives[1]):
        adjectives.pop()
    return Character(kind, pronoun, domain, adjectives, make_name(rng, pronoun) if named else "")


@dataclass
class Thing:
    noun: str
    adjective: str = ""

    @property
    def with_article(self) -> str:
        return f"a {self.adjective} {self.noun}" if self.adjective else f"a {self.noun}"


def likely(rng: random.Random, words: list[str]) -> str:
    """One of the words, the first ones more often."""
    return rng.choices(words, [1 / (place + 1) for place in range(len(words))])[0]


def make_thing(rng: random.Random, kind: str, common: bool = False) -> Thing:
    if common:
        return Thing(likely(rng, COMMON_FOOD if kind == "food" else COMMON_BUILDINGS if kind == "build" else COMMON_THINGS))
    nouns, adjectives = OBJECT_LISTS[kind]
    roll = rng.random()
    if roll < 0.09:
        noun = invented_word(rng)
    elif kind == "small" and roll < 0.45:
        # Anything that can be carried: a request for a hero and a thing is not always about a key.
        noun = rng.choice(rng.choice([W.RARE_OBJECTS, W.RARE_OBJECTS, W.FOOD_OBJECTS, W.CLOTHES, W.MUSIC_OBJECTS, W.LIGHT_OBJECTS, W.PLANT_OBJECTS, W.BUILD_OBJECTS]))
    else:
        noun = rng.choice(nouns)
    adjective = ""
    if rng.random() < 0.3:
        # A noun of several words may name its own material or colour already.
        adjective = rng.choice(PLAIN_ADJECTIVES if kind == "small" and " " in noun else adjectives)
        if any(part in noun for part in adjective.split()):
            adjective = ""
    return Thing(noun, adjective)


# --- Stories ---------------------------------------------------------------------------

PRONOUNS = {"he": ("he", "him", "his", "himself"), "she": ("she", "her", "her", "herself")}

OPENINGS = [
    "[Once upon a time|Once upon a time|Long ago|Once|A long time ago|Many years ago], there was {intro} who lived {inplace}.",
    "[Once upon a time|Long ago|Once|Many years ago], {inplace}, there lived {intro}.",
    "{Inplace} there lived {intro}.",
    "There once was {intro} who lived {inplace}.",
    "{Intro} lived {inplace}.",
    "[Once upon a time|Once|Long ago], {intro} lived {inplace}.",
    "{Intro} lived in a small house {inplace}.",
]
WATER_OPENINGS = OPENINGS[:-1]
OPENING_EXTRA = "[||||||{He} loved {like}.|{He} loved {like} and {like2}.|More than anything, {he} loved {like}.|Everyone there knew {h}.]"


@dataclass
class Story:
    plot: Plot
    hero: Character
    friend: Character
    thing: Thing | None
    place: str
    place_phrase: str
    weather: str
    slots: dict[str, str]
    text: str
    rng: random.Random
    told: str

    def say(self, template: str) -> str:
        """Expand another template (a hint, an answer, a sequel) with this story's values."""
        return tidy(self.expand(template))

    def expand(self, template: str) -> str:
        return "".join(self._expand(node) for node in parse(template))

    def _expand(self, node) -> str:
        if isinstance(node, str):
            return node
        if node[0] == "choice":
            return "".join(self._expand(inner) for inner in self.rng.choice(node[1]))
        name = node[1]
        lower = name[0].lower() + name[1:]
        value = self._slot(lower)
        return capitalise(value) if name != lower else value

    def _slot(self, name: str) -> str:
        rng, hero, friend, thing = self.rng, self.hero, self.friend, self.thing
        if name in self.slots:  # fixed for this story
            value = self.slots[name]
            return self.expand(value) if "{" in value or "[" in value else value
        if name == "h":
            return hero.mention(rng)
        if name == "f":
            return friend.mention(rng)
        if name == "call":
            return hero.address(rng)
        if name == "oo":
            return f"{thing.adjective} {thing.noun}" if thing.adjective and rng.random() < 0.3 else thing.noun
        if name == "when":
            options = W.WATER_WEATHER_OPENINGS if hero.domain == "water" else W.WEATHER_OPENINGS[self.weather]
            return rng.choice(options)
        if name in PIECES:
            return self.expand(PIECES[name])
        raise KeyError(f"{self.plot.name}: no slot {name}")


def make_story(rng: random.Random, plot: Plot | None = None, hero: Character | None = None, told: str = "hero thing") -> Story:
    """Draw a story. A given hero is kept (for "tell me another story about ...").

    `told` says what the request will tell, of "hero", "thing" and "friend"; the rest is something common.
    """
    water = hero.domain == "water" if hero else rng.random() < 0.07 and (plot is None or plot.water)
    if plot is None:
        candidates = [p for p in PLOTS if p.water or not water]
        # Plots about an object are wanted more often: most requests name one.
        plot = rng.choices(candidates, [1.6 if p.objects == "small" else 1.0 for p in candidates])[0]
    if hero is None:
        hero = make_character(rng, water, plot.traits, small=plot.hero_size == "small", common="hero" not in told)
    other = "she" if hero.pronoun == "he" else "he"
    friend = make_character(rng, water, W.TRAITS, pronoun=other, avoid=(hero.kind,), common="friend" not in told)
    elder = rng.choice([kind for kind in (WATER_ELDERS if water else ELDERS) if kind not in (hero.kind, friend.kind)])
    elder_adjective = rng.choice(["old", "wise", "wise old", "very old"])
    thing = make_thing(rng, plot.objects, common="thing" not in told) if plot.objects else None
    places = W.WATER_PLACES if water else W.PLACES
    place = rng.choice(list(places))
    weather = "" if water else rng.choice(plot.weather)
    he, him, his, himself = PRONOUNS[hero.pronoun]
    fhe, fhim, fhis, fhimself = PRONOUNS[friend.pronoun]
    spots = rng.sample(W.WATER_SPOTS if water else W.LAND_SPOTS, 4)
    likes = rng.choice([WATER_LIKES, WATER_LIKES_TO_DO] if water else [LIKES, LIKES_TO_DO])
    like, like2 = rng.sample(likes, 2)
    slots = {
        "intro": hero.introduction(rng), "hk": f"the {hero.kind}", "he": he, "him": him, "his": his, "himself": himself,
        "fintro": friend.introduction(rng), "fnp": f"a {friend.described if rng.random() < 0.2 else friend.kind}", "fk": f"the {friend.kind}",
        "fhe": fhe, "fhim": fhim, "fhis": fhis, "fhimself": fhimself, "eintro": f"a {elder_adjective} {elder}", "e": f"the old {elder}" if "old" in elder_adjective else f"the {elder_adjective} {elder}",
        "inplace": places[place], "like": like, "like2": like2,
        "spot1": spots[0], "spot2": spots[1], "spot3": spots[2], "spot4": spots[3],
        "went": {"land": "went", "air": "flew", "water": "swam"}[hero.domain], "ran": {"land": "ran", "air": "flew", "water": "swam"}[hero.domain],
        "open": rng.choice(WATER_OPENINGS if water else OPENINGS) + " " + OPENING_EXTRA,
    }
    if thing:
        slots |= {"o": thing.noun, "ao": thing.with_article}
    for names, values in plot.vars.items():
        slots |= dict(zip(names.split("+"), rng.choice(values).split("|"), strict=True))
    story = Story(plot, hero, friend, thing, place, places[place], weather, slots, "", rng, told)
    story.text = story.say(plot.text)
    return story


if __name__ == "__main__":
    import sys

    generator = random.Random(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
    chosen = [p for p in PLOTS if len(sys.argv) < 3 or p.name in sys.argv[2:]]
    for one in chosen:
        print(f"=== {one.name}\n{make_story(generator, one).text}\n")
