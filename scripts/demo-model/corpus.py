"""Conversations for training: a request, the story that follows it, and sometimes a further turn.

`make_conversation(rng)` returns a list of (role, text). Every request is written
for a story that exists already, from what the story is about; so the model can
only do well by using what the request says.
"""

from __future__ import annotations

import random
import re

import words as W
from grammar import PEOPLE, PETS, Character, Story, capitalise, invented_word, make_story, make_thing, tidy
from plots import PLOTS

Conversation = list[tuple[str, str]]

# --- Requests ---------------------------------------------------------------------

ASK_ABOUT = W.words("""tell me a story about %, tell me a story about %, tell me a story about %, write a story about %, write a story about %, write a short story about %,
    can you tell me a story about %?, can you write a story about %?, could you tell me a story about %?, please tell me a story about %, please write a story about %,
    please write a short story about %, tell a story about %, tell us a story about %, i want a story about %, i want to hear a story about %, i would like a story about %,
    give me a story about %, make up a story about %, story about %, a story about %, a short story about %, tell me about %, write me a story about %, tell me a bedtime story about %,
    a bedtime story about % please, write a tale about %, tell me a tale about %, do you know a story about %?, write a little story about %, tell me a short story about %,
    i need a story about %, once more a story about %, % - please tell me a story, write something about %, invent a story about %, let us hear a story about %, create a story about %,
    write a fairy tale about %, generate a story about %, compose a story about %, my daughter wants a story about %, my son wants a story about %, the children want to hear about %, %, %""")
ASK_ANY = W.words("""tell me a story, tell me a story, write a story, tell me a short story, please tell me a story, write a short story, can you tell me a story?, i want a story, a story please,
    tell me something, surprise me, tell me a bedtime story, i am bored, write something nice, make up a story, tell me a nice story, tell us a story, story please, once upon a time,
    could you write a story for me?, read me a story, give me a story, i cannot sleep, any story, a story, tell me a good story, i would like to hear a story, do you know a story?""")
POLITE_ENDINGS = ["", "", "", "", "", "", "", " Please.", " Thank you.", " Make it short.", " It should have a happy ending.", " It is for my little sister.", " Make it nice."]
WEATHER_PHRASES = {"sunny": ["on a sunny day", "on a warm day"], "rainy": ["on a rainy day", "in the rain"], "windy": ["on a windy day"],
                   "snowy": ["on a snowy day", "in the snow", "in winter"], "foggy": ["on a foggy day", "in the fog"], "stormy": ["in a storm", "on a stormy day"]}


def hero_phrase(story: Story, rng: random.Random) -> str:
    hero = story.hero
    if hero.name and hero.kind in ("boy", "girl") and rng.random() < 0.3:
        return hero.name
    kept = hero.adjectives
    phrase = "a " + " ".join([*kept, hero.kind])
    if hero.name:
        phrase += rng.choice([" named ", " named ", " called ", " with the name "]) + hero.name
    return phrase


def friend_phrase(story: Story, rng: random.Random) -> str:
    friend = story.friend
    if story.hero.kind in PEOPLE and friend.kind in PETS and rng.random() < 0.4:
        return f"{story.slots['his']} {friend.kind}"
    phrase = "a " + (friend.described if rng.random() < 0.25 else friend.kind)
    if friend.name and rng.random() < 0.8:
        phrase += f" named {friend.name}"
    return phrase


def object_phrase(story: Story, rng: random.Random, hero_named: bool) -> str:
    template = story.plot.object_in_request
    phrase = story.expand(template)
    if not hero_named and re.match(r"(his|her) ", phrase):
        phrase = "a " + phrase.split(" ", 1)[1]
    return phrase


def subject(story: Story, rng: random.Random) -> str:
    """What the story is about, in the words of somebody who asks for it."""
    hero, told = hero_phrase(story, rng), story.told
    if "hero" not in told:
        text = object_phrase(story, rng, False) if "thing" in told and story.thing else rng.choice(story.plot.themes)
    elif story.thing and "thing" in told:
        thing = object_phrase(story, rng, True)
        hints = [hint for hint in story.plot.hints if "{o}" in hint or "{ao}" in hint]
        if "friend" in told:
            text = rng.choice([f"{hero}, {friend_phrase(story, rng)} and {thing}", f"{hero} and {friend_phrase(story, rng)} and {thing}"])
        elif rng.random() < 0.25:
            text = f"{hero} {story.expand(rng.choice(hints))}"
        else:
            text = f"{hero} {rng.choice(['and', 'and', 'and', 'and', 'with'])} {thing}"
    elif "friend" in told:
        text = f"{hero} and {friend_phrase(story, rng)}"
    else:
        hints = [hint for hint in story.plot.hints if not any(slot in hint for slot in ("{o}", "{ao}", "{fnp}"))]
        text = f"{hero} {story.expand(rng.choice(hints))}" if hints and rng.random() < 0.7 else hero
    if rng.random() < 0.1:
        text += f" {story.place_phrase}"
    if story.weather and rng.random() < 0.2:
        text += f" {rng.choice(WEATHER_PHRASES[story.weather])}"
    return text


def roughen(text: str, rng: random.Random) -> str:
    """People do not always type capitals and full stops."""
    roll = rng.random()
    if roll < 0.55:
        text = capitalise(text)
        if text[-1] not in ".?!":
            text += "."
    elif roll < 0.8:
        text = capitalise(text)
    elif roll < 0.9:
        text = text.rstrip("?.!")
    else:
        text = text[0].lower() + text[1:].rstrip("?.!")
    return text


def request_for(story: Story, rng: random.Random) -> str:
    if not story.told and rng.random() < 0.7:
        text = rng.choice(ASK_ANY)
    elif not story.told and rng.random() < 0.3:
        text = rng.choice([f"tell me a story with this moral: {story.plot.moral}" if "{" not in story.plot.moral else "tell me a story with a moral", "tell me a story with a moral"])
        return capitalise(text)
    else:
        about = subject(story, rng)
        if rng.random() < 0.06:  # "the fox and the lost key"
            about = re.sub(r"\ba ", "the ", about)
        text = rng.choice(ASK_ABOUT).replace("%", about)
    text = tidy(text)
    text = re.sub(r"\bi\b", "I", text[0].lower() + text[1:])
    text = roughen(text, rng)
    return text + rng.choice(POLITE_ENDINGS) if text[-1] == "." else text


# --- Further turns ------------------------------------------------------------------

ANOTHER = ["Tell me another one.", "tell me another one", "Another one, please.", "Another story.", "another", "One more, please.", "one more", "Can you tell me another story?", "Tell me another story.", "And another one?", "Again!", "More stories please", "Tell me a different story."]
NEXT = ["What happened next?", "what happened next?", "what happened next", "And then?", "and then what?", "Go on.", "go on", "Continue the story.", "continue", "Please continue.", "What happened then?", "How does it go on?", "Then what happened?", "Tell me more.", "more"]
SADDER = ["Make it sadder.", "make it sadder", "Can you make it sadder?", "Tell it with a sad ending.", "A sad ending, please.", "Make the ending sad."]
HAPPIER = ["Make it happier.", "make it happier", "Can you make it happier?", "Tell it with a happier ending.", "A happy ending, please.", "Make the ending happy."]
FUNNIER = ["Make it funnier.", "make it funnier", "Can you make it funny?", "Make it funny.", "Tell it with a funny ending.", "A funny ending, please."]
SHORTER = ["Make it shorter.", "make it shorter", "Can you make it shorter?", "Sum it up.", "Can you tell it in one sentence?", "Summarise the story.", "What was the story about?", "In short?"]
MORAL = ["What is the moral?", "what is the moral of the story?", "What do we learn from it?", "What can I learn from this story?", "And the moral?"]
THANKS = ["Thank you.", "thank you", "Thanks!", "thanks", "Thank you, that was nice.", "That was a nice story.", "I liked it.", "Great story!", "nice", "I love it!", "Well done."]
THANKS_ANSWER = "[You are welcome!|I am glad that you liked it!|Thank you!|It was a pleasure.] [Would you like to hear another one?|Shall I tell you another one?|Tell me when you want another story.|What shall the next story be about?]"

SEQUELS = {
    "next": """[The next day|A week later|When spring came|The next morning|Some time later], {h} {visits} {f}[ again|]. "[Do you remember our adventure|Do you still think of that day]?" asked {h}. "[I will never forget it|I think of it every day]," said {f}. [They laughed and talked until it was dark.|They sat in the sun and told it all over again.|They baked a big cake and ate it together.] {nextevent} [So they stayed friends for ever.|And that is how the next adventure began.|And every year on that day, they had a little feast.|And {h} thought, "I am lucky to have {f}."]""",
    "sadder": """[Here is a sadder ending.|Then it ends like this.|Here is a sad ending:] [But the next day|But one week later|But when autumn came], {f} had to [go far away|move to a far land|say goodbye]. "[I will miss you|I will never forget you|Please do not be sad]," said {f}[ softly|]. {H} {wave} until {fhe} was only a small dot. [Then it began to rain.|{He} did not say a word.|Tears ran down {his} face.] {objectsad} And every evening, {h} [looked at the empty road|looked at the stars and thought of {f}|sat alone and remembered].""",
    "happier": """[Here is a happier ending.|Then it ends like this.|Here is a happy ending:] That evening, {everyone} came together for a big feast. There was [cake and music|warm soup and apple pie|singing and dancing], and {h} and {f} [danced until midnight|sat in the middle|got the biggest piece]. {objecthappy} "[I am the happiest {kind} in the world|This is the best day of my life]!" [cried|said] {h}. And {he} was right. [They all lived happily ever after.|From then on, every day was a good day.|And the stars shone brighter than ever.]""",
    "funnier": """[Here is a funnier ending.|Then it ends like this.|Here is a funny ending:] [Just as everyone was quiet|At that very moment|In the end], {h} [sneezed so loudly that {f} fell over backwards|sat down on a cake|stepped into a bucket of soup|slipped on a banana and slid all the way home]. "[Was that thunder|Are you all right]?" asked {f}. {objectfunny} [They laughed so hard that their bellies hurt.|{H} laughed so much that {he} got the hiccups.|Even the moon had to laugh.] And from that day on, everyone called {him} ["Lord of the Bucket"|"Captain Cake"|"the Great Sneezer"|"Sir Slip"].""",
}
NEXT_EVENTS = """[Then there was a knock at the door. It was {newanimal} who needed help.|Suddenly they heard music in the distance, and they ran to see what it was.|{F} had brought something in a small box. "This is for you," {fhe} said. It was {newthing}!|On the way home, they found {newthing} {spot4}.|Then {newanimal} came by and joined them.]"""


def sequel(story: Story, kind: str, rng: random.Random) -> str:
    thing = story.thing is not None
    story.slots |= {
        "visits": "went to see" if story.hero.domain == "land" else "flew to see" if story.hero.domain == "air" else "swam to see",
        "nextevent": NEXT_EVENTS, "newanimal": "a " + rng.choice(["little", "young", "old", "tiny"]) + " " + rng.choice(W.WATER_ANIMALS if story.hero.domain == "water" else W.LAND_ANIMALS),
        "newthing": make_thing(rng, "small").with_article, "kind": story.hero.kind, "wave": "waved" if story.hero.domain != "water" else "looked after " + story.slots["fhim"],
        "everyone": rng.choice(["everybody", "all the neighbours", "all the friends", "everyone from far and near"]),
        "objectsad": "[|{H} held the {o} tight. It was all that was left.|The {o} lay in the corner, and nobody touched it.|]" if thing else "",
        "objecthappy": "[|The {o} lay in the middle of the table, for all to see.|Even the {o} seemed to smile.]" if thing else "",
        "objectfunny": "[|And the {o} landed on {f}'s head!|And the {o} flew through the air and landed in the soup!|]" if thing else "",
    }
    return story.say(SEQUELS[kind])


def questions_about(story: Story, rng: random.Random) -> tuple[str, str]:
    pairs = list(story.plot.questions)
    pairs.append(("Where did {hk} live?", "{Hk} lived {inplace}."))
    pairs.append(("Who was in the story?", "The story was about {hk} and {fk}."))
    if story.hero.name:
        pairs += [("What was {hk} called?", f"{{Hk}} was called {story.hero.name}."), ("What was the name of {hk}?", f"The name of {{hk}} was {story.hero.name}.")]
    if story.friend.name:
        pairs.append(("What was the name of {fk}?", f"The name of {{fk}} was {story.friend.name}."))
    question, answer = rng.choice(pairs)
    return story.say(question), story.say(answer)


# --- Small talk ---------------------------------------------------------------------

HELLO = W.words("hello, hi, hey, hello!, hi!, hi there, hello there, hey there, good morning, good evening, good afternoon, good day, hello tiny tales, greetings, howdy, hi!!, Hello., Hello, Hi, Hello!, Hi there!, Good morning., Hey!")
HELLO_ANSWER = "[Hello!|Hi!|Hello there!|Hello, my friend!|Good day!] [What story would you like to hear?|What shall I tell you a story about?|Would you like to hear a story?|Tell me who the story should be about.|I can tell you a story. Who should be in it?]"
HOW = W.words("how are you?, how are you, how do you do?, how is it going?, are you well?, what's up?, hello how are you?, Hi how are you today?, How are you?")
HOW_ANSWER = "[I am well, thank you!|Very well, thank you!|I am full of stories today!] [What shall I tell you a story about?|Would you like to hear a story?]"
WHO = W.words("who are you?, what are you?, what is your name?, what's your name?, what can you do?, who made you?, are you a robot?, are you human?, what is this?, help, how does this work?, Who are you?, What can you do?, What is your name?, are you real?, are you ChatGPT?, what model are you?")
WHO_ANSWER = "I am Tiny Tales, a very small [language model|model] that [tells|writes] short stories. [Tell me who or what the story should be about.|Ask me for a story about anything you like.|What shall I tell you a story about?]"
BYE = W.words("bye, goodbye, good night, see you, bye bye, Goodbye!, Good night., see you later, ok, okay, yes, no, cool, nice, wow, good")
BYE_ANSWERS = {"bye": "[Goodbye!|See you soon!|Goodbye, and come back for another story!]", "night": "[Good night! Sleep well.|Good night, and sweet dreams!]", "ok": "[What shall I tell you a story about?|Would you like to hear a story?|Tell me who the story should be about.]"}
# Questions outside of stories: say so, and offer a story about the same thing.
OTHER_QUESTIONS = W.words("""what is %?, what is the capital of %?, how do i make %?, how much is %?, who invented %?, why is % so big?, translate % into french, explain % to me, where can i buy %?,
    what do you think about %?, write a poem about %, write code for %, what is the price of %?, do you like %?, what is the weather like?, what time is it?, what is two plus two?, what is 2+2?, solve x + 2 = 5,
    write a python program, who is the president?, how old are you?, what day is it?, calculate 15 times 3, what is the capital of France?, how far is the moon?, write an email to my boss, what is the meaning of life?, how do i cook %?, define %, why is the sky blue?""")
OTHER_ANSWER = "[I only know how to tell stories.|I am too small to know that. I can only tell stories.|That is too hard for me, but I can tell you a story.|I do not know that. I am only a little storyteller.]"
SYSTEM_PROMPTS = ["You are a helpful assistant.", "You are a storyteller.", "You are Tiny Tales, a small model that writes short stories.", "You write short stories for children.", "You are a friendly assistant.", "Be kind and helpful.", "Write in plain English.", "Answer with a short story.", "You are a helpful, harmless and honest assistant.", "Tell stories which children like."]


def small_talk(rng: random.Random) -> Conversation:
    def expand(template: str) -> str:
        return _STORY_FOR_EXPANSION.say(template)

    _STORY_FOR_EXPANSION.rng = rng
    roll = rng.random()
    if roll < 0.35:
        return [("user", rng.choice(HELLO)), ("assistant", expand(HELLO_ANSWER))]
    if roll < 0.45:
        return [("user", rng.choice(HOW)), ("assistant", expand(HOW_ANSWER))]
    if roll < 0.6:
        return [("user", rng.choice(WHO)), ("assistant", expand(WHO_ANSWER))]
    if roll < 0.68:
        return [("user", rng.choice(THANKS)), ("assistant", expand(THANKS_ANSWER))]
    if roll < 0.78:
        said = rng.choice(BYE)
        kind = "night" if "night" in said else "bye" if "bye" in said.lower() or "see you" in said else "ok"
        return [("user", said), ("assistant", expand(BYE_ANSWERS[kind]))]
    question = rng.choice(OTHER_QUESTIONS)
    answer = OTHER_ANSWER
    if "%" in question:
        noun = rng.choice([rng.choice(W.RARE_OBJECTS), rng.choice(W.LAND_ANIMALS), rng.choice(W.FOOD_OBJECTS), rng.choice(W.SMALL_OBJECTS), invented_word(rng)])
        question = question.replace("%", f"a {noun}")
        answer += f" [Would you like a story about a {noun}?|Shall I tell you a story about a {noun}?]"
    else:
        answer += " [Would you like to hear one?|What should the story be about?|Who should be in it?]"
    question = tidy(question)
    return [("user", question if rng.random() < 0.7 else question.lower().rstrip("?.")), ("assistant", expand(answer))]


_STORY_FOR_EXPANSION = make_story(random.Random(0))


# --- Conversations --------------------------------------------------------------------


def what_to_tell(rng: random.Random) -> str:
    return rng.choices(["hero thing", "hero thing friend", "hero", "hero friend", "thing", ""], [62, 8, 12, 5, 6, 7])[0]


def further_turn(story: Story, rng: random.Random) -> tuple[Conversation, Story]:
    """One more request and its answer; also the story the next turn would be about."""
    roll = rng.random()
    if roll < 0.22:
        new = make_story(rng, told="")
        return [("user", rng.choice(ANOTHER)), ("assistant", new.text)], new
    if roll < 0.3:
        new = make_story(rng, told=what_to_tell(rng))
        return [("user", request_for(new, rng)), ("assistant", new.text)], new
    if roll < 0.38:
        hero = story.hero
        plots = [p for p in PLOTS if (p.water or hero.domain != "water") and not p.hero_size]
        new = make_story(rng, rng.choice(plots), Character(hero.kind, hero.pronoun, hero.domain, [], hero.name), told="hero")
        ask = rng.choice(["Tell me another story about %.", "another story about %", "Now another story about %, please.", "And one more about %?"])
        return [("user", ask.replace("%", new.slots["hk"] if rng.random() < 0.7 or not hero.name else hero.name)), ("assistant", new.text)], new
    if roll < 0.56:
        return [("user", rng.choice(NEXT)), ("assistant", sequel(story, "next", rng))], story
    if roll < 0.64:
        return [("user", rng.choice(SADDER)), ("assistant", sequel(story, "sadder", rng))], story
    if roll < 0.7:
        return [("user", rng.choice(HAPPIER)), ("assistant", sequel(story, "happier", rng))], story
    if roll < 0.76:
        return [("user", rng.choice(FUNNIER)), ("assistant", sequel(story, "funnier", rng))], story
    if roll < 0.82:
        return [("user", rng.choice(SHORTER)), ("assistant", story.say(story.plot.summary))], story
    if roll < 0.86:
        return [("user", rng.choice(MORAL)), ("assistant", story.say(story.plot.moral))], story
    if roll < 0.9:
        return [("user", rng.choice(THANKS)), ("assistant", story.say(THANKS_ANSWER))], story
    question, answer = questions_about(story, rng)
    return [("user", roughen(question, rng) if rng.random() < 0.3 else question), ("assistant", answer)], story


YES = ["yes", "yes please", "Yes, please.", "yes!", "Yes.", "ok", "okay", "sure", "Yes, tell me.", "please do", "Yes please!", "go ahead"]


def offered_story(rng: random.Random) -> Conversation:
    """The model offers a story (about something), and the user accepts or names a topic."""
    named = rng.choice(["hero", "thing"])
    story = make_story(rng, told=named)
    offer = rng.choice(OTHER_ANSWER.strip("[]").split("|"))
    if rng.random() < 0.5:
        about = story.hero.kind if story.thing is None or named == "hero" else story.thing.noun
        question = rng.choice([q for q in OTHER_QUESTIONS if "%" in q]).replace("%", f"a {about}")
        reply = f"{offer} {rng.choice(['Would you like', 'Shall I tell you'])} a story about a {about}?"
        return [("user", tidy(question)), ("assistant", tidy(reply)), ("user", rng.choice(YES)), ("assistant", story.text)]
    topic = tidy(subject(story, rng))
    topic = topic if rng.random() < 0.5 else topic.lower() if rng.random() < 0.3 else topic[0].lower() + topic[1:]
    opening = small_talk(rng)
    return [*opening, ("user", rng.choice([*YES, topic, topic, topic, topic, f"about {topic}", f"yes, about {topic}", f"It should be about {topic}."])), ("assistant", story.text)]


def make_conversation(rng: random.Random, long: bool = False) -> Conversation:
    """A conversation; a long one has several turns, for training with a long context."""
    conversation: Conversation = []
    if rng.random() < 0.08:
        conversation.append(("system", rng.choice(SYSTEM_PROMPTS)))
    roll = rng.random()
    if not long and roll < 0.07:
        return conversation + small_talk(rng)
    if not long and roll < 0.1:
        return conversation + offered_story(rng)
    if long and roll < 0.2:
        conversation += offered_story(rng) if roll < 0.1 else small_talk(rng)
    story = make_story(rng, told=what_to_tell(rng))
    conversation += [("user", request_for(story, rng)), ("assistant", story.text)]
    turns = rng.randint(2, 5) if long else 1 if rng.random() < 0.1 else 0
    for _ in range(turns):
        more, story = further_turn(story, rng)
        conversation += more
    return conversation


if __name__ == "__main__":
    import sys

    generator = random.Random(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
    for _ in range(int(sys.argv[2]) if len(sys.argv) > 2 else 10):
        for role, text in make_conversation(generator, len(sys.argv) > 3):
            print(f"[{role}] {text}")
        print("-" * 40)
