"""The plot skeletons of the story grammar.

A plot is a text template. Paragraphs are separated by a blank line.

  [a|b|c]   one of the alternatives (they nest; an empty alternative is allowed)
  {slot}    a value of the story; written {Slot}, it starts with a capital letter

Slots of every story (see `grammar.py` for how they are filled):
  {open}  the opening sentence(s), which introduce the hero
  hero:   {h} a mention ("Rusty" or "the fox"), {hk} "the fox", {call} how others call the hero,
          {he} {him} {his} {himself}
  friend: {fintro} the first mention, then {f} {fk} {fcall} {fhe} {fhim} {fhis} {fhimself};
          the friend always has the other pronoun, so "he" and "she" stay unambiguous
  elder:  {eintro} the first mention, then {e}
  object: {ao} "a shiny key", {o} "key", {oo} "key" or "shiny key"
  place:  {inplace} "in the forest"; {spot1} ... {spot4} different hiding places
  {when}  "one rainy day"; {went} {ran} the hero's way of moving ("walked", "flew", "swam")
Whatever a plot lists under `vars` is chosen once per story and is a slot as well.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from words import GREEDY_TRAITS, GRUMPY_TRAITS, HASTY_TRAITS, LAZY_TRAITS, LONELY_TRAITS, NAUGHTY_TRAITS, PROUD_TRAITS, TIMID_TRAITS, TRAITS, words


@dataclass
class Plot:
    name: str
    text: str
    moral: str
    summary: str
    themes: list[str]
    hints: list[str]  # "a fox ___": what a request may say happens
    objects: str = ""  # which word list the object comes from; empty: the plot has none
    object_in_request: str = "{ao}"  # how a request names the object
    traits: list[str] = field(default_factory=lambda: TRAITS)
    water: bool = False  # may it happen under water?
    hero_size: str = ""  # "small": the hero must not be described as big, and so on
    vars: dict[str, list[str]] = field(default_factory=dict)
    questions: list[tuple[str, str]] = field(default_factory=list)
    weather: list[str] = field(default_factory=lambda: ["", "", "", "sunny", "rainy", "windy", "snowy", "foggy"])
    friend_is_small: bool = False


PLOTS: list[Plot] = []

# Fears and skills which need no scene of their own: {f} is in trouble, and the feared things are in the way.
GENERIC_FEARS = [
    f"{thing}|{{f}} was trapped in a cellar full of {thing}.|walked straight through all the {thing}"
    for thing in words("""spiders, mice, rats, frogs, snakes, bats, bees, wasps, ants, beetles, crabs, cats, geese, chickens, cows, goats,
        wolves, ghosts, monsters, shadows, masks, clocks, mirrors, dolls, puppets, umbrellas, feathers, balloons, bells, cobwebs, thorns, carrots,
        pumpkins, mushrooms, bones, stones, machines, robots, clowns, strangers, giants, trolls, birds, fish, sharks, worms, snails, flies, needles, books""")]
GENERIC_SKILLS = [
    f"{skill}|everything went wrong"
    for skill in words("""fly, ski, surf, knit, sew, bake bread, play chess, play the piano, play football, play the drum, do magic, do a handstand,
        do a cartwheel, roar, howl, jump high, run fast, dive, row a boat, sail, draw a circle, draw a horse, write poems, tell stories, speak in front of others,
        sing high notes, snap {his} fingers, wink, roller-skate, throw a ball, catch a ball, hit the target, shoot an arrow, ride a horse, climb a rope,
        build a fire, dig a hole, spin around, walk on a rope, make pancakes, make friends, say no, be quiet, sit still, wake up early, smile, hide,
        weave a basket, carve wood, count, spell long words, do sums, tie {his} shoes, blow bubbles, hop on one leg, yodel, drum, play tennis, milk a cow""")]


def plot(name: str, text: str, **settings) -> None:
    settings["themes"] = words(settings["themes"])
    PLOTS.append(Plot(name=name, text=text.strip(), **settings))


# Small pieces used by many plots.
PIECES = {
    "happy": "[{He} was so happy that {he} [laughed|sang a little song|could hardly speak|danced in a circle].|{He} had never been so happy.|A big smile spread over {his} face.|{He} felt warm inside.|{His} heart jumped for joy.]",
    "sad": "[{He} felt very sad.|Tears came into {his} eyes.|{He} sat down and cried.|{He} wanted to cry.|A big tear rolled down {his} cheek.|{His} heart grew heavy.|{He} sighed a deep sigh.]",
    "fhappy": "[{F} was so happy that {fhe} laughed out loud.|{Fhe} had never been so happy.|A big smile spread over {fhis} face.|{F} clapped and cheered.|{Fhis} eyes shone with joy.]",
    "think": "[{He} thought for a while.|{He} thought and thought.|{He} sat down to think.|{He} took a deep breath and thought about it.|{He} thought about it all night.]",
    "noluck": "[But it was not there|Nothing was there|There was nothing but dust|It was empty|No luck]",
    "bye": "[|||And they lived happily ever after.|The end.|And that is the end of the story.|And so they were happy.|What a day that was!|||So ends the story.|And that was the best part of all.]",
    "fmeet": "[Just then, {fintro} came along.|At that moment, {fintro} came by.|Soon {he} met {fintro}.|After a while, {he} met {fintro}.|Then {fintro} came around the corner.|Not far away, {he} met {fintro}.]",
    "ffriend": "[{His} best friend was {fintro}.|{He} had one good friend, {fintro}.|Next door lived {fintro}.|{Fintro} was {his} best friend.|{He} often played with {fintro}.]",
    "emeet": "[At last {he} came to {eintro}.|{He} went to ask {eintro}.|Then {he} met {eintro}.|So {he} asked {eintro} for advice.|{Eintro} had seen it all.]",
    "slept": "[That night, {h} slept very well.|That night, {h} fell asleep with a smile.|When the stars came out, {h} was already asleep.|That night, {h} dreamed sweet dreams.]",
    "thanks": "[\"Thank you so much!\"|\"Thank you!\"|\"Oh, thank you, thank you!\"|\"How can I ever thank you?\"|\"Thank you with all my heart!\"]",
    "welcome": "[\"That is what friends are for,\"|\"It was nothing,\"|\"I was glad to help,\"|\"You would do the same for me,\"]",
}

# --- Stories about an object ----------------------------------------------------

plot("lost", """
{open} {He} had {ao}[, and {he} loved it more than anything|, and {he} took it everywhere|. It was a gift from {his} grandmother|. It was {his} favourite thing in the world].

{When}, the {o} was gone! "[Oh no|Oh dear], where is my {o}?" cried {h}. {He} looked {spot1}. {Noluck}. {He} looked {spot2}[. {Noluck}.|, but it was not there [either|].] {sad}

{fmeet} "[Why are you so sad|What is the matter|What is wrong], {call}?" asked {f}. "I have lost my {o}," said {h}. "[Do not worry|Do not cry|Cheer up]," said {f}. "[I will help you look for it|We will look for it together|Two can look better than one]." [They searched high and low.|They looked everywhere.|Together they searched until [noon|the sun was low].] [At last|Then|Suddenly], {f} [saw something {spot3}|looked {spot3} and saw something|called, "Look, {call}!" Something lay {spot3}]. It was the {o}!

{thanks} said {h}. {happy} [{Welcome} said {f}.|{He} hugged {f}.|] From that day on, {h} [took good care of {his} {o}|always knew where {his} {o} was|never lost {his} {o} again][|, and {he} and {f} were the best of friends]. {bye}
""",
    objects="small", object_in_request="[a lost {o}|{ao}|a lost {o}|{his} lost {o}|a missing {o}]", water=True,
    themes="friendship, losing something, helping, being careful",
    hints=["who loses {ao}", "who lost {his} {o}", "who has lost {ao}", "who cannot find {his} {o}", "who is looking for {ao}", "who loses {his} favourite {o}"],
    moral="With a friend, you find what you could not find alone.",
    summary="{Hk} lost {his} {o}. {F} helped {him} look, and they found it {spot3}.",
    questions=[("What did {hk} lose?", "{Hk} lost {ao}."), ("Where was the {o}?", "The {o} was {spot3}."), ("Who helped {hk}?", "{F} helped {hk} to find the {o}."), ("Who found the {o}?", "{F} found the {o} {spot3}.")])

plot("lost_all_along", """
{open} [The thing {he} loved most was|{His} dearest thing was|{He} was very proud of] {ao}.

{When}, {h} [could not find {his} {o}|looked for {his} {o}, but it was gone|wanted to show {his} {o} to everyone, but it was not there]. {He} looked {spot1}. {He} looked {spot2}. {He} even looked {spot3}. "[Where can it be|Who has taken my {o}|Where did I put it]?" {he} [asked|cried|wondered]. {He} asked {fintro}. "Have you seen my {o}?" {F} [looked at {h} and began to smile|looked up and began to giggle|tried hard not to laugh]. "Yes," said {f}. "I can see it right now." "Where?" cried {h}. "[Turn around|Look behind you|Stand still]," said {f}. "[You tied it to your own back|It is hanging on your own back|You are carrying it on your back]!"

{H} [reached back and felt it|put a hand behind {him} and felt it]. There was the {o}! It had been there all the time. [First {h} turned red.|{H} felt very silly.|{H} did not know what to say.] Then {he} began to laugh, and {f} laughed too. [They laughed until their bellies hurt.|They laughed so hard that they fell over.] "[Next time I will look at myself first|I looked everywhere but here|I would be lost without you]," said {h}. {bye}
""",
    objects="small", object_in_request="[a lost {o}|{ao}|a missing {o}|{his} {o}]",
    themes="losing something, laughing at yourself, something funny, being forgetful",
    hints=["who cannot find {his} {o}", "who is looking for {his} {o}", "who forgets where {his} {o} is", "who lost {his} {o}"],
    moral="Sometimes what we look for is very close to us.",
    summary="{Hk} looked everywhere for {his} {o}, but it was on {his} own back all the time.",
    questions=[("Where was the {o}?", "It was on {his} own back all the time."), ("What was {hk} looking for?", "{Hk} was looking for {his} {o}.")])

plot("found_returned", """
{open}

{When}, {h} [found {ao} {spot1}|saw something {spot1}. It was {ao}|was on {his} way home when {he} found {ao} {spot1}]. "[What a lovely {o}|How pretty it is|I have always wanted {ao}]!" {he} [said|thought]. [For a moment {he} wanted to keep it.|"May I keep it?" {he} wondered.|It would be so easy to keep it.] But then {he} thought, "[Somebody must be missing it|It is not mine|Somebody must be very sad without it]." So {h} {went} from door to door. "Is this your {o}?" {he} asked [everyone {he} met|again and again]. "No," they all said.

[At last|In the evening|Just as the sun went down], {he} heard someone crying. It was {fintro}. "I have lost my {o}," [sobbed|said|cried] {f}. "[It was a gift from my mother|My grandfather gave it to me|I have looked for it all day]." "Is this it?" asked {h}[ and held out the {o}|]. "Yes! {Thanks1}!" cried {f}. {fhappy}

"[You are honest|You have a good heart|You could have kept it]," said {f}. "[Will you be my friend?|Come and have supper with me.|Let us be friends.]" {H} [nodded|smiled|said yes at once]. {He} had given back {ao}, and {he} had [found|got] a friend. {bye}
""",
    objects="small", object_in_request="[{ao}|a lost {o}|{ao}]", water=True,
    themes="honesty, kindness, friendship, doing the right thing",
    hints=["who finds {ao}", "who finds {ao} {spot1}", "who gives back {ao}", "who finds a lost {o}"],
    vars={"thanks1": ["that is my {o}", "you have found it", "that is the one", "thank you"]},
    moral="Being honest is worth more than {ao}.",
    summary="{Hk} found {ao} {spot1}. {He} gave it back to {f}, and the two became friends.",
    questions=[("What did {hk} find?", "{Hk} found {ao}."), ("Who had lost the {o}?", "{F} had lost the {o}."), ("Where was the {o}?", "The {o} was {spot1}.")])

plot("quarrel", """
{open} {ffriend}

{When}, they [found {ao} {spot1}|saw {ao} {spot1}|were playing when they found {ao} {spot1}]. "It is mine! I saw it first!" [cried|shouted|said] {h}. "No, it is mine!" [cried|shouted|said] {f}. {H} pulled. {F} pulled. [They pulled harder and harder|They pulled and pulled|Neither of them would let go], and then [the {o} flew out of their hands and fell into the mud|they both fell over, and the {o} rolled away|the {o} slipped out of their hands and landed far away {spot2}].

[It was very quiet.|They looked at each other.|Both of them were silent.] "[I am sorry|That was silly of me]," said {h}. "I am sorry too," said {f}. "[What good is {ao} without a friend?|A friend is better than {ao}.|No {o} is worth a quarrel.]" [They went to fetch the {o}.|Together they picked up the {o}.] "[You can have it today, and I can have it tomorrow|Let us share it|Let it belong to both of us]," said {h}. {F} [liked the plan|nodded and smiled|thought that was fair].

So the {o} [was with {h} one day and with {f} the next|belonged to both of them], and they [never quarrelled about it again|had twice as much fun|were better friends than before]. {bye}
""",
    objects="small", water=True, themes="sharing, friendship, a quarrel, saying sorry",
    hints=["and {fnp} who both want {ao}", "and {fnp} who find {ao}", "and {fnp} who quarrel about {ao}", "and {fnp} who learn to share"],
    moral="It is better to share than to quarrel.",
    summary="{Hk} and {fk} quarrelled about {ao}. Then they said sorry and shared it.",
    questions=[("What did they quarrel about?", "They quarrelled about {ao}."), ("What did they find?", "They found {ao} {spot1}.")])

plot("birthday_gift", """
{open} {ffriend}

[Tomorrow was {f}'s birthday|The next day was {f}'s birthday|It would soon be {f}'s birthday], but {h} had no gift. "[I have no money|I have nothing to give|I do not know what to give]," {he} [said|sighed|thought]. {think} Then {he} had an idea. "I will make {ao}!" [All day long {he} worked.|{He} worked all day and half the night.|{He} looked for all the things {he} needed and began.] [The first one broke.|The first try went wrong.|It was hard work.] [But {h} did not give up.|But {he} tried again.|But {he} went on.] [At last|When the moon was high|Just in time], the {o} was ready. It was [a little crooked|not perfect|a bit too small], but it was made with love.

{When}, everyone came with [big|bright|expensive] gifts. {H} held the {o} behind {his} back. {He} felt [shy|worried|nervous]. "[It is only a little thing|I made it myself]," {he} [whispered|said]. {F} [opened it slowly|looked at it for a long time|took it very gently]. "You made {ao} for me?" {fhe} asked. "[This is the best gift of all|Nobody ever made a gift for me before|I will keep it for ever]!"

{happy} {bye}
""",
    objects="small", themes="a birthday, giving, friendship, making something",
    hints=["who makes {ao} for {his} friend", "who needs a birthday gift", "who makes {ao}", "who wants to give {ao} to {fnp}"],
    weather=[""], vars={"when": ["on the birthday", "the next day", "at the party", "when the party began"]},
    moral="A gift made with love is the best gift.",
    summary="{Hk} had no birthday gift for {f}, so {he} made {ao}. It was the best gift of all.",
    questions=[("What did {hk} make?", "{Hk} made {ao}."), ("Whose birthday was it?", "It was {f}'s birthday.")])

plot("broken", """
{open} {ffriend} {F} had {ao}, and {fhe} was very proud of it.

{When}, {h} [was playing|played] with the {o}[ while {f} was away|, though {f} had said to be careful|]. [Crack!|Crash!|Oops!] It [slipped and fell|fell to the ground] and broke. {H} [stared at the pieces|stood still|went cold]. "[I could hide it|I could run away|Nobody saw me]," {he} thought. [But {his} heart beat fast and {his} belly hurt.|But that did not feel right.|But {he} knew that was wrong.]

So {h} [took the pieces and|] {went} to {f}. "I have to tell you something," {he} said[ softly| in a small voice|]. "I broke your {o}. I am very sorry." {F} was [quiet for a long time|sad at first|silent]. Then {fhe} said, "[It is good that you told me|I am sad about it, but I am glad you told the truth|Thank you for telling me the truth]. [Come, we can mend it|Let us try to mend it together|Maybe we can mend it]." They [took glue and string|sat down side by side|worked all afternoon] and put the pieces together. [In the end|When they were done], the {o} [looked almost new|had a small crack, but it was whole again|was even stronger than before].

"[Now it is our {o}|I like it even more now|Every crack tells a story]," said {f}. {H} [felt as light as a feather|was glad that {he} had told the truth|learned that the truth makes the heart light]. {bye}
""",
    objects="small", object_in_request="[a broken {o}|{ao}|a broken {o}]", water=False,
    themes="telling the truth, honesty, saying sorry, forgiving", traits=NAUGHTY_TRAITS + words("careless, clumsy, curious, restless, wild"),
    hints=["who breaks {ao}", "who breaks a friend's {o}", "who tells the truth", "and a broken {o}"],
    moral="Telling the truth makes the heart light.",
    summary="{Hk} broke {f}'s {o}. {He} told the truth, and they mended it together.",
    questions=[("What did {hk} break?", "{Hk} broke {f}'s {o}."), ("Was {f} angry?", "{F} was sad at first, but glad to hear the truth.")])

plot("borrowed", """
{open} {ffriend}

{F} had {ao}. {H} [wanted to have it, too|wished for one too|looked at it every day]. {When}, {he} took it without asking. "[I will bring it back tonight|{F} will not notice|It is only for one day]," {he} [told {himself}|thought]. {He} [played with it all day|had great fun with it|showed it to everyone]. But on the way home {he} looked, and the {o} was gone! {He} must have dropped it. {sad}

"[Somebody took my {o}|My {o} is gone|I cannot find my {o}]," said {f} when {fhe} saw {h}. {H} [looked at the ground|turned red|could not look at {f}]. "It was me," {he} said. "I took it without asking, and now I have lost it." {F} was angry[ for a moment|]. "[You only had to ask|You could have asked me]," {fhe} said. "[But let us go and look for it|Come, show me where you were]." They went back the whole way. And there, {spot1}, lay the {o}!

"[Next time I will ask|I will never take anything again without asking]," [said|promised] {h}. "[And next time I will say yes|Then I will gladly lend it to you]," said {f}. {bye}
""",
    objects="small", traits=NAUGHTY_TRAITS + TRAITS[:20], water=True,
    themes="asking first, honesty, saying sorry, borrowing",
    hints=["who takes {ao} without asking", "who borrows {ao}", "who loses {ao} of a friend"],
    moral="Always ask before you take something.",
    summary="{Hk} took {f}'s {o} without asking and lost it. {He} said sorry, and they found it {spot1}.",
    questions=[("Where was the {o}?", "The {o} was {spot1}."), ("Whose {o} was it?", "It was {f}'s {o}.")])

plot("magic_wish", """
{open}

{When}, {h} found {ao} {spot1}. {He} [cleaned it|picked it up|rubbed off the dust], and the {o} began to [glow|hum|shine|tremble]. "I am a magic {o}," said a [tiny|soft|deep|strange] voice. "You have one wish. [Think well|Choose with care|Use it wisely]!" {H} [could hardly believe it|was very surprised|almost dropped it]. {He} could wish for [gold|a mountain of cakes|a big house|a golden crown]. {think}

On the way home, {he} met {fintro}. {F} was [sad|crying]. "{Trouble}," said {f}. {H} looked at the {o}, and {he} looked at {f}. Then {he} held it tight and said, "My wish is that {f} will be happy again!" [There was a flash of light.|The {o} shone like the sun.|A warm wind blew.] And {solved}!

{fhappy} "[You gave your only wish to me|You could have wished for gold|That was your only wish]," said {f}. "[It made me happy too|Your smile is better than gold|I have all that I need]," said {h}. The {o} never spoke again, but {h} kept it [all {his} life|for ever|on the shelf above {his} bed]. {bye}
""",
    objects="small", object_in_request="[a magic {o}|{ao}|a magic {o}]", themes="magic, a wish, kindness, giving",
    hints=["who finds a magic {o}", "who finds {ao}", "who gets one wish", "and a magic {o}"],
    vars={"trouble+solved": ["My house burned down|where there had been ashes, a new little house stood", "My little brother is ill|far away, the little brother jumped out of bed and was well", "I am all alone in the world|down the road came {f}'s family, home after a long journey", "My garden has dried up|rain began to fall, and the garden turned green", "I have had nothing to eat for days|a table stood there, full of good things to eat"]},
    moral="The best wish is one for somebody else.",
    summary="{Hk} found a magic {o} and gave {his} only wish to {f}.",
    questions=[("What did {hk} find?", "{Hk} found a magic {o} {spot1}."), ("What did {hk} wish for?", "{H} wished that {f} would be happy again.")])

plot("missing_detective", """
{open} {Ffriend}

{When}, {f} came running. "My {o} is gone!" {fhe} cried. "[It was here last night|I left it on the table|I put it by the window], and now it is not there." "[I will find it|Let me look|Leave it to me]," said {h}. {He} looked at the ground very closely. There were [small tracks in the dust|tiny footprints|a few black hairs|crumbs on the floor]. {H} followed them [step by step|slowly]. They led past {spotthing}, over a little wall, and stopped {spot1}.

There sat {thief}, and in front of it lay the {o}! "[Did you take it|Why did you take that]?" asked {h}. {Thief2} [began to cry|looked very sorry|hung its head]. "[I only wanted to look at it|It shines so nicely, and I was so lonely|I wanted something pretty for my home]," it said. "I will give it back." {H} [thought for a moment|was not angry any more]. "[Taking things is wrong|You must not take things]," {he} said. "[But you can come and play with us|But you may visit us and look at it whenever you like]."

{F} [got {fhis} {o} back|was glad to have {fhis} {o} again], and {thief2} [got two new friends|was never lonely again]. "{Clever}," said {f}. {H} [smiled proudly|only smiled|bowed]. {bye}
""",
    objects="small", object_in_request="[a missing {o}|a stolen {o}|{ao}|a stolen {o}]", themes="a mystery, being clever, forgiving, something stolen",
    hints=["who looks for a stolen {o}", "who solves a mystery", "who finds out who took the {o}", "and a stolen {o}"],
    vars={"thief+thief2": ["a little magpie|the magpie", "a tiny mouse|the mouse", "a young raccoon|the raccoon", "a small jackdaw|the jackdaw", "a shy squirrel|the squirrel", "a young rat|the rat", "a little ferret|the ferret"],
          "spotthing": ["the barn", "the old well", "the gate", "the big oak tree", "the mill", "the stream"], "clever": ["You are very clever", "What a fine detective you are", "Nothing can hide from you"]},
    moral="Do not take what is not yours; ask, and you may make a friend.",
    summary="{F}'s {o} was gone. {Hk} followed the tracks and found that {thief} had taken it.",
    questions=[("Who took the {o}?", "{Thief} took the {o}."), ("Where was the {o}?", "The {o} was {spot1}.")])

plot("trades", """
{open} All {he} owned was {ao}.

{When}, {h} met {fintro}. "[I need {ao} so badly|I have always wanted {ao}]," said {f}. "[Will you trade it for {x1}?|I will give you {x1} for it.]" {H} was kind and said yes. A little later, {he} met {p2} who [needed|was looking for|wished for] {x1short}. "Take mine," said {h}, and got {x2} for it. [In the evening|Then|Further on], {he} met {p3}, who was [cold and tired|crying|very unhappy] for want of {x2short}. {H} gave it away and got [nothing|only a thank-you] for it.

[Now {h} had nothing left.|Now {his} hands were empty.|{He} had nothing at all any more.] "[Well|Oh well]," {he} thought, "[three people are happy today|I made someone smile]." When {he} came home, {he} [could not believe {his} eyes|stopped in surprise]. At the door stood {f}, {p2def} and {p3def}, with [a big cake|a warm supper|baskets full of food]. "[You helped us all|You were so kind to us]," they said, "so now we want to help you." And {f} put the {o} back into {his} hands. "[It belongs to you|I only needed it for one day]," {fhe} said.

{happy} {bye}
""",
    objects="small", themes="kindness, giving, trading, sharing", water=False, traits=words("poor, kind, good, generous, gentle, friendly, helpful, humble, cheerful, thoughtful"),
    hints=["who trades {ao}", "who gives away {ao}", "who owns only {ao}"],
    vars={"x1+x1short": ["a pot of honey|honey", "a warm coat|a coat", "a bag of flour|flour", "a pair of boots|boots", "a fine hat|a hat"],
          "x2+x2short": ["a blanket|a blanket", "a loaf of bread|bread", "a bundle of wood|firewood", "a jug of milk|milk"],
          "p2+p2def": ["an old baker|the baker", "a young mother|the mother", "a tall miller|the miller", "a poor student|the student"],
          "p3+p3def": ["a beggar|the beggar", "a lost child|the child", "an old soldier|the soldier", "a travelling singer|the singer"]},
    moral="Kindness always comes back.",
    summary="{Hk} traded {his} {o} and gave everything away. In the end, all came to thank {him}.",
    questions=[("What did {hk} own?", "{Hk} owned only {ao}."), ("What did {f} give for the {o}?", "{F} gave {x1} for the {o}.")])

plot("treasure_map", """
{open} {He} dreamed of [adventure|finding a treasure|great adventures].

{When}, {h} found [an old map|a dusty map|a strange old map] {spot1}. [There was a red cross on it.|A red cross showed where a treasure lay.|Somebody had drawn a red cross on it.] "[A treasure|An adventure at last]!" cried {h}, and {he} [set off at once|packed some bread and set off|ran to tell {his} friend]. {fmeet} "May I come too?" asked {f}. "[Of course|Yes, let us go together]," said {h}.

The way was long. First they had to [cross a cold river|climb a steep hill|cross a shaky bridge|go through a dark tunnel]. Then they [lost their way in the fog|came through a field of thorns|met a snake which hissed at them|had to walk all night]. {F} [was scared|grew tired|wanted to turn back], but {h} [took {fhis} hand|cheered {fhim} up|said, "We are almost there"]. At last they found the cross {spot2}. They dug and dug, and there was a chest! [Slowly|With shaking hands], they opened it. Inside lay {ao}, and nothing else.

[At first they were surprised.|"Only {ao}?" asked {f}.|They looked at each other.] [Then they found a note|Under the {o} lay a note]. "[The real treasure is the friend who came with you|Whoever finds this has already found a friend]," it said. {H} and {f} [laughed|smiled] and [took the {o} home|carried the {o} home together]. {bye}
""",
    objects="small", object_in_request="[a map|a treasure map|a treasure|a hidden {o}|an old map|a treasure chest]", water=False,
    themes="adventure, treasure, friendship, courage", traits=words("brave, curious, clever, bold, cheerful, restless, happy, hopeful, lonely, kind, playful, daring"),
    hints=["who finds a map", "who finds a treasure map", "who looks for a treasure", "who finds a treasure", "who finds an old map", "who goes on an adventure"],
    moral="A friend is the greatest treasure.",
    summary="{Hk} found an old map. With {f}, {he} followed it to a chest with {ao} inside.",
    questions=[("What was in the chest?", "In the chest lay {ao}."), ("Where did {hk} find the map?", "{Hk} found the map {spot1}."), ("Who went with {hk}?", "{F} went along.")])

plot("talking_object", """
{open}

{When}, {h} heard a small voice {spot1}. "[Help me!|Please pick me up!|Is anybody there?]" it called. {He} looked down and saw {ao}. "[Did you speak|Can you talk]?" asked {h}. "Of course I can," said the {o}. "[But nobody ever listens|But people just walk by|Only kind people can hear me]. [I am so lonely here|I was thrown away long ago|My owner forgot me here]." {H} felt sorry for the {o} [and took it home|and carried it home|, so {he} took it along].

At home {he} [cleaned it|put it by the fire|put it in the best place]. In the evenings the {o} told [funny|long|wonderful|strange] stories about [kings and pirates|far lands|the old days|the sea and the stars]. [Soon|After a while|One night], {fintro} came to listen, and then {f} brought [others|more friends|the neighbours]. The little house was [full of laughter|never quiet again|always full].

"[Are you still lonely|Are you happy now]?" asked {h}. "[How could I be|Not any more]?" said the {o}. "[You listened to me|You stopped and listened, and that changed everything]." [Since that day|From then on], {h} always listened to the [small|quiet] voices in the world. {bye}
""",
    objects="small", object_in_request="[a talking {o}|{ao}|a talking {o}|a lonely {o}]", themes="magic, listening, being lonely, kindness",
    hints=["who finds a talking {o}", "and a talking {o}", "who hears {ao} speak"],
    moral="Listen to the quiet voices.",
    summary="{Hk} found {ao} that could talk and took it home, where it told stories to everyone.",
    questions=[("What could the {o} do?", "The {o} could talk and tell stories."), ("Where was the {o}?", "The {o} was {spot1}.")])

plot("stuck_object", """
{open} {He} was playing with {ao}.

{When2}, a [strong|sudden|wild] wind [came up|blew]. It [took|lifted|carried away] the {o} and dropped it [high up in a tree|on top of the roof|on top of a tall rock|on a high wall]. "[Oh no, my {o}|Come back, my {o}|Stop, wind, that is my {o}]!" cried {h}. {He} jumped, but it was too high. {He} tried with a long stick, but the stick [broke|was too short]. {sad}

{fmeet} "[Let me try|I can help]," said {f}. But {fhe} could not reach it either. Then came {eintro}. "[One alone is too small|Alone nobody can do it]," said {e}. "[But what if you stand on each other|Climb on each other's backs]!" So {e} stood at the bottom. {F} climbed onto the back of {e}, and {h} climbed to the very top. [They swayed to the left. They swayed to the right.|They wobbled a little.|It was a very shaky tower.] {H} stretched as far as {he} could and [caught|grabbed|got] the {o}!

"Hooray!" they all cried. {H} [thanked them|was so glad that {he} hugged them both]. "[Together we are tall|Together we can reach anything]," laughed {f}. And then they all played with the {o} until [dark|it was time for supper]. {bye}
""",
    objects="small", themes="working together, friendship, helping", water=False,
    vars={"when2": ["suddenly", "all at once", "then"]},
    hints=["who cannot reach {his} {o}", "whose {o} is stuck in a tree", "who loses {ao} in the wind", "who needs help to get {his} {o} back"], object_in_request="{ao}", weather=["windy"],
    moral="Together we can reach what nobody can reach alone.",
    summary="The wind carried away {hk}'s {o}. With the help of {f} and {e}, {he} got it back.",
    questions=[("What did the wind take?", "The wind took {hk}'s {o}."), ("Who helped {hk}?", "{F} and {e} helped {hk}.")])

plot("light", """
{open} {He} had {ao}. [It was old, and the others laughed at it.|"What an old thing!" the others said.|Nobody thought it was worth anything.] But {h} [loved it|took good care of it|kept it clean and bright].

{When}, {fintro} did not come home. It grew dark[, and no moon was in the sky|, and thick fog came up|]. Everybody was worried. "[It is too dark to search|We can see nothing|We must wait until morning]," they said. But {h} took {his} {o} and went out into the night. [The wind howled.|Strange shadows danced on the path.|An owl cried.] {H} was afraid, but {he} went on, step by step. "{Fcall2}" {he} called. "Can you see my light?"

[At last|After a long time], a small voice answered. "I am here!" {F} was sitting {spot1}, cold and wet. {Fhe} had [hurt {fhis} foot|lost the way in the dark]. "I saw your light," {fhe} said. "[It was like a star|Then I knew that I was not alone]." {H} held up the {o}, and together they [found the way home|walked slowly home].

[Nobody laughed at the {o} any more.|After that, everybody looked at the {o} with new eyes.] It [stood in the window every night|hung at the door from that day on], so that nobody would ever be lost in the dark. {bye}
""",
    objects="light", themes="courage, light, helping, the night", water=False, weather=[""], traits=words("brave, small, kind, quiet, shy, gentle, poor, loyal, careful"),
    vars={"fcall2": ["hello!", "where are you?", "is anybody there?"], "when": ["one evening", "one dark night", "one winter evening", "one night"]},
    hints=["and {ao}", "who has {ao}", "who searches for a friend in the dark", "with {ao}"],
    moral="Even a small light can show the way.",
    summary="{F} was lost in the dark. {Hk} took {his} {o} and found {fhim} {spot1}.",
    questions=[("What did {hk} take along?", "{Hk} took {his} {o} along."), ("Where was {f}?", "{F} was {spot1}.")])

plot("music", """
{open} {He} [wanted to play|dreamed of playing|had always wanted to play] the {o}.

{His} [grandmother|grandfather|uncle|aunt] gave {him} {ao}. But the first sounds were [terrible|awful|as ugly as a rusty door]. [The crows flew away.|The neighbours shut their windows.|Everybody held their ears.] "[Stop that noise|Please stop]!" they [shouted|called]. {sad} Only {fintro} stayed. "[Play it again|Do not stop]," said {f}. "[Every day it gets a little better|Nobody can do it on the first day]." So {h} practised every [day|morning|evening] {spot1}, where nobody could hear {him}. {F} always came to listen.

[Then came the day of the great feast|Summer came, and with it the summer feast|One day there was a big party], but the musicians [did not come|were all ill|were stuck in the snow]. "[No music|Without music it is no feast]!" the people [sighed|said]. "{H} can play," said {f}. {His} [hands shook|heart beat fast|knees trembled], but {he} took the {o} and began. The tune was [soft and sweet|bright and merry|as clear as water]. [First one foot tapped, and then another.|Everyone grew quiet.|People began to smile.] Soon everybody was dancing.

"[Who taught you to play like that|You play so well]!" they cried. "[Practice|A friend who listened]," said {h}, and {he} winked at {f}. {bye}
""",
    objects="music", themes="music, practice, not giving up, friendship", weather=[""],
    hints=["who wants to play the {o}", "who learns to play the {o}", "who plays the {o}", "and {ao}", "who loves music"], traits=words("shy, hopeful, dreamy, quiet, poor, patient, happy, stubborn, cheerful, lonely"),
    moral="Practice and a good friend make hard things easy.",
    summary="{Hk} learned to play the {o}. At first it sounded terrible, but {f} believed in {him}, and in the end everyone danced.",
    questions=[("What did {hk} play?", "{Hk} played the {o}."), ("Who listened to {hk}?", "{F} always listened.")])

plot("shared_food", """
{open} {When}, {h} had {ao} for [lunch|dinner|supper]. [It smelled wonderful.|{He} had waited for it all day.|{His} mouth watered.] Just as {he} wanted to [take the first bite|begin], there was a [knock at the door|voice behind {him}|small cough].

It was {fintro}, thin and tired. "[I have not eaten since yesterday|I am so hungry|I have come a long way and have nothing to eat]," said {f}. "[Could you give me a little|May I have a crumb]?" {H} looked at the {food}. [There was not much of it.|It was just enough for one.|{He} was very hungry {himself}.] But then {he} [cut it in two|shared it fairly|gave half of it away]. "[Sit down and eat with me|Half for you and half for me|Food tastes better with company]," {he} said. They ate and talked, and {f} told [a funny story|stories of far lands|the best jokes].

[Weeks later|That winter|Some time later], {h} [was ill in bed|got lost in the snow|had no food left]. [There was a knock at the door.|Somebody came to help.|Then {he} heard a voice.] It was {f}, with a big basket full of [bread and cheese|warm soup and bread|good things]. "Once you shared your {o} with me," said {f}. "Now I share with you."

{happy} {bye}
""",
    objects="food", themes="sharing, kindness, food, being hungry", traits=words("kind, good, poor, generous, cheerful, gentle, friendly, lonely, hungry"),
    vars={"food": ["{o}"]}, hints=["who shares {ao}", "and {ao}", "who has only {ao} to eat", "who learns to share {his} food"],
    moral="What you share comes back to you.",
    summary="{Hk} shared {ao} with {f}. Later, {f} came to help {him}.",
    questions=[("What did {hk} have to eat?", "{Hk} had {ao}."), ("Who was hungry?", "{F} was hungry.")])

plot("baking", """
{open} {He} wanted to make {ao} for [the village feast|{his} grandmother|the king's birthday|all {his} friends].

[First {he} burned it.|The first one was as hard as a stone.|The first one was as salty as the sea.] {H} had [taken salt instead of sugar|fallen asleep by the oven|forgotten the most important thing]. {sad} {fmeet} "What smells so strange?" asked {f}. {H} told {fhim} everything. "[I know what is missing|Let me show you how|My mother taught me a trick]," said {f}. "You must [stir slowly and sing|take your time|wait and watch and not run away]."

So they began again. {H} [stirred|mixed], and {f} sang. [Flour flew through the air|Soon they were both white with flour|They licked the spoons], and they laughed a lot. [Soon|An hour later], a wonderful smell filled the [room|house|air]. The {o} was perfect! [Everyone wanted to taste it.|Everybody asked for more.|In a moment, every crumb was gone.] "[What is the secret|How did you make it]?" they asked. {H} looked at {f}. "[Two cooks and one song|A good friend]," {he} said. {bye}
""",
    objects="food", themes="baking, cooking, friendship, trying again", weather=[""],
    hints=["who wants to make {ao}", "who bakes {ao}", "who cooks {ao}", "and {ao}", "who cannot cook"], traits=words("clumsy, cheerful, hungry, forgetful, careless, kind, busy, sleepy, happy, hopeful"),
    moral="Take your time, and good things will come.",
    summary="{Hk} burned the first {o}, but with {f}'s help the next one was perfect.",
    questions=[("What did {hk} make?", "{Hk} made {ao}."), ("Who helped {hk}?", "{F} helped {hk}.")])

plot("plant", """
{open}

{When}, {h} found a tiny seed {spot1}. "[What will it become|I wonder what will grow from it]?" {he} [thought|asked]. {He} planted it [behind {his} house|in the best earth|in the sun] and gave it water. The next day, {h} looked. Nothing. The day after, {he} looked again. Nothing. "[Please grow|Come out, little plant]!" {he} [begged|cried]. {He} wanted to dig it up[ and look|]. "[Wait|Do not do that]," said {fintro}, who lived next door. "[Good things need time|A seed grows in the dark, where you cannot see it|Give it water and patience]."

So {h} waited. {He} gave it water every morning. [{He} sang to it.|{He} told it stories.|{He} chased the snails away.] [A week went by. Then another.|Rain came, and sun came.|The days passed slowly.] And [one morning|one bright morning], there was a small green leaf! It grew [and grew|taller every day], and by the end of summer it was {ao}, the [finest|biggest|most beautiful] for miles around.

"[You were right|It was worth the wait]," said {h} to {f}. [They sat beside it and were happy.|They sat in its shade and shared a cool drink.|Together they looked at it until the stars came out.] And {h} kept a new seed for the next spring. {bye}
""",
    objects="plant", object_in_request="[{ao}|a seed|{ao}|a tiny seed]", themes="patience, growing, waiting, nature", traits=HASTY_TRAITS + words("curious, hopeful, happy, lonely, kind, careful"), weather=["", "sunny"],
    hints=["who plants a seed", "who grows {ao}", "who finds a seed", "who learns to be patient", "and {ao}"],
    moral="Good things need time.",
    summary="{Hk} planted a seed and waited with patience. It grew into {ao}.",
    questions=[("What grew from the seed?", "The seed grew into {ao}."), ("Who told {hk} to wait?", "{F} told {hk} to wait.")])

plot("build", """
{open} {He} wanted to build {ao}. "[You cannot do that|You are too small for that|That will never work]!" [said the others|everybody said|the neighbours laughed].

{H} began anyway. The first {o} was made of [straw|old paper|thin sticks]. [The wind blew it away.|It fell down at once.|It broke on the first day.] {He} built a second one [of wood|of old boards|of planks and nails]. [It held for a while, and then it fell apart with a crash.|The rain came, and it fell to pieces.|It was crooked and broke in the middle.] [Everybody laughed.|{sad}|"We told you so!" the others called.] {When}, {fintro} stopped and looked. "[Why do you not give up|Do you never give up]?" asked {f}. "[Each time I learn something|Now I know two ways that do not work]," said {h}. {F} [smiled|liked that]. "[Then let me hold the ladder|Then let me help you]," {fhe} said.

[For many days they worked side by side.|They sawed and hammered from morning till night.|They measured twice and cut once.] The third {o} was [strong|strong and straight|the best of all]. [The wind blew, and it did not move.|It held!|Even the worst storm could not hurt it.] [The others came to look, and nobody laughed.|"Can you teach us?" asked the others.|Everyone cheered.]

"{Endbuild}," said {h}. {bye}
""",
    objects="build", themes="not giving up, building, trying again, hard work", weather=[""], traits=words("stubborn, clever, hopeful, patient, hard-working, brave, curious, dreamy, busy, small"),
    vars={"endbuild": ["You only fail when you stop trying", "The third time is the best time", "I would have stopped without my friend"]},
    hints=["who builds {ao}", "who wants to build {ao}", "who never gives up", "and {ao}", "who tries to build {ao}"],
    moral="Never give up; each try teaches you something.",
    summary="{Hk} built {ao}. Two times it broke, but with {f}'s help the third one was strong.",
    questions=[("What did {hk} build?", "{Hk} built {ao}."), ("Who helped {hk}?", "{F} helped {hk}.")])

plot("warm_clothes", """
{open} {He} had {ao}, [warm and soft|the warmest of all|and it kept {him} warm in every wind].

{When}, {h} {went} through the snow. Under a tree sat {fintro}, [shaking with cold|blue with cold|trembling and wet]. "[I have nothing warm to wear|The wind took my coat|I am so cold]," [whispered|said] {f}. {H} looked at {his} {o}. [It was the only one {he} had.|{He} loved it very much.|The wind was icy.] But then {he} took it off and put it around {f}. "[You need it more than I do|Keep it|Now you will be warm]," {he} said, and {ran} home [as fast as {he} could|through the cold].

[That night {h} sat by the fire and shivered, but {his} heart was warm.|At home {he} was cold, but somehow {he} felt warm inside.] [In the morning|Three days later|The next evening], there was a knock at the door. There stood {f} with a [parcel|big bundle|bag]. "[I told everybody what you did|All the neighbours heard about you]," {fhe} said. "[We all made this for you|Everyone gave a piece of wool]." It was a new {o}, made of a hundred colours.

{happy} [It was the warmest {o} in the world|No {o} was ever warmer], because it was made of kindness. {bye}
""",
    objects="clothes", themes="kindness, winter, giving, the cold", weather=["snowy"], traits=words("kind, poor, gentle, generous, good, friendly, humble"),
    hints=["who gives away {ao}", "and {ao}", "who helps someone in the snow", "who has {ao}"],
    moral="Kindness keeps you warm.",
    summary="{Hk} gave {his} {o} to {f}, who was cold. Later {he} got a new one, made by everyone.",
    questions=[("What did {hk} give away?", "{Hk} gave away {his} {o}."), ("Who was cold?", "{F} was cold.")])

plot("strange_object", """
{open} {When}, {h} found {ao} {spot1}. {He} had never seen such a thing. "What is it for?" {he} wondered. {He} [shook it|turned it around|smelled it], but it did nothing. 

{He} showed it to {fintro}. "[That is easy|I know what that is]," said {f}. "[It is a hat|You wear it on your head]!" {H} tried it, and it [fell right off|hurt a little|looked very silly]. Then they asked {eintro}. "[You eat it, of course|It must be food]," said {e}. {H} [bit into it|licked it]. "[Ouch|Yuck]! No, you do not eat it," {he} said. [They sang to it.|They threw it into the air.|They sat on it.] Nothing was right.

[At last|In the evening], a little child came by. "Oh, {ao}!" said the child. "[I have one at home|My father has one too]. Look, I will show you." And the child showed them how to use it. [It was so easy!|They all laughed.|They looked with wide eyes.] "[I should have asked sooner|Even the smallest one can teach us something]," said {h}. [From then on, {h} used the {o} every day.|And from that day, the {o} was never a riddle again.] {bye}
""",
    objects="small", themes="learning, asking questions, something funny, being curious", traits=words("curious, silly, happy, playful, clever, cheerful, funny"),
    hints=["who finds {ao}", "who does not know what {ao} is", "who finds {ao} for the first time", "and a strange {o}"],
    moral="Ask, and even the smallest one can teach you something.",
    summary="{Hk} found {ao} and did not know what it was. A little child showed {him}.",
    questions=[("What did {hk} find?", "{Hk} found {ao} {spot1}."), ("Who knew what it was?", "A little child knew what it was.")])

plot("journey_with_object", """
{open} {When}, {his} {giver} gave {him} {ao}. "[Take this to the queen|Bring this to the old woman on the other side of the hill|Carry this to the old tower]," said {his} {giver}, "[and do not stop on the way|and do not lose it|and be careful]." {H} held the {o} tight and set off.

[First|Soon|Before long], {he} came to a [river without a bridge|deep river]. {Fintro} stood on the bank. "[I will help you across|I know a safe place to cross]," said {f}, and they crossed together. Then it began to [rain|snow|get dark]. {H} hid the {o} [under {his} arm|close to {his} heart] and [went on|did not stop]. [A thief jumped out of the bushes|A big dog barked at them|A wild goose chased them], but {f} [made such a loud noise that it ran away|shouted so loudly that everything was quiet]. {H} was tired, but {he} [thought of {his} promise|remembered {his} promise].

[At last|When the moon rose|The next morning], they arrived. {H} handed over the {o}. "[You have done well|What a brave messenger]!" {he} was told. "[Without my friend I could not have done it|I was not alone]," said {h}, and {he} looked at {f}. Then they were given [hot soup and soft beds|cake and tea|as much cake as they could eat]. {bye}
""",
    objects="small", themes="a journey, a promise, courage, being careful", traits=words("brave, young, careful, good, honest, loyal, polite, helpful, shy, forgetful"), weather=["", "sunny"],
    vars={"giver": ["grandmother", "grandfather", "mother", "father", "uncle", "aunt"]}, hints=["who must carry {ao}", "who goes on a long journey with {ao}", "and {ao}", "who keeps a promise"],
    moral="Keep your promises, and take a friend along.",
    summary="{Hk} had to carry {ao} a long way. {F} helped {him}, and they arrived safely.",
    questions=[("What did {hk} carry?", "{Hk} carried {ao}."), ("Who helped {hk}?", "{F} helped {hk}.")])

# --- Stories without an object --------------------------------------------------

plot("fear", """
{open} {He} was afraid of {fear}. [The others laughed about it.|"{Scaredy}!" the others called.|{He} told nobody about it.] {ffriend}

{When}, {danger} "Help!" called {f}. "[I cannot get out|Please help me|Somebody, help]!" {H} heard it. [{He} was all alone.|Nobody else was near.|There was no time to fetch anyone.] {His} [knees shook|heart beat like a drum|legs felt like jelly]. "I am so afraid," {he} thought. "But {f} needs me." {He} [closed {his} eyes for a moment|took a deep breath|counted to three], and then {he} {rescue}. [Step by step, {he} came closer.|It was terrible, but {he} did not stop.|{He} kept thinking of {f}.] At last {he} [reached {f}|held {f} tight] and brought {fhim} [home|back safely|out].

"You were so brave!" said {f}. "[But I was afraid all the time|No, I was shaking]," said {h}. "[That is what brave means|Being brave means to be afraid and to do it all the same]," said {f}. [From that day on, nobody laughed at {h}.|{H} was still a little afraid of {fear}, but not so much.|After that, {h} was not so afraid of {fear} any more.] {bye}
""",
    themes="courage, being afraid, being brave, friendship", traits=TIMID_TRAITS, weather=[""],
    vars={"fear+danger+rescue": [
        "the dark|{f} fell into a deep, dark hole.|climbed down into the dark", "water|{f} slipped and fell into the river.|jumped into the cold water",
        "heights|{f} was stuck at the top of a tall cliff.|began to climb", "thunder|{f} was lost outside in a thunderstorm.|ran out into the thunder and the rain",
        "the deep forest|{f} was trapped under a fallen tree in the deep forest.|ran straight into the deep forest", "big dogs|a big dog chased {f} into a corner.|stepped in front of the big dog and shouted, \"Go away!\"",
        *GENERIC_FEARS,
        "fire|there was a fire at {f}'s house.|ran through the smoke", "the old cave|{f} got stuck inside the old cave.|crept into the old cave"],
        "scaredy": ["Scaredy-cat", "Look who is afraid"]},
    hints=["who is afraid of {fear}", "who was afraid of {fear}", "who is scared of {fear}", "who learns to be brave", "who saves a friend"],
    moral="Being brave means being afraid and doing it all the same.",
    summary="{Hk} was afraid of {fear}. But when {f} needed help, {he} was brave and saved {fhim}.",
    questions=[("What was {hk} afraid of?", "{Hk} was afraid of {fear}."), ("Who did {hk} save?", "{H} saved {f}.")])

plot("new_friend", """
{open} {He} had no friends. [Every day {he} watched the others play.|Nobody came to visit.|{He} ate alone and played alone.] "[I wish I had a friend|If only I had one friend]," {he} [sighed|thought|whispered].

{When}, {h} [sat alone {spot1}|was sitting {spot1}|went for a walk] when {he} heard a small [sound|voice|sob]. {Fintro} was hiding {spot2}. "Hello," said {h}[ shyly|]. "[Why are you hiding|What are you doing here]?" "[I am new here|We moved here yesterday]," said {f}. "[I do not know anybody|I am too shy to talk to the others]." {H} [could hardly believe it|was surprised]. "[I thought that I was the only one|I am shy too]," {he} said. "Do you want to {game}?" {F} [nodded|smiled for the first time|jumped up].

They {gamed} all [afternoon|day]. [Time flew.|They forgot everything around them.] When [it got dark|the sun went down], {f} asked, "[Will you come again tomorrow|Can we play again tomorrow]?" "[Tomorrow and the day after|Every day, if you like]," said {h}. {happy} [Two who are lonely are not lonely any more when they meet.|It only takes one hello to make a friend.|A small hello can change everything.] {bye}
""",
    themes="friendship, being lonely, being new, being shy", traits=LONELY_TRAITS, water=True,
    vars={"game+gamed": ["play hide-and-seek|played hide-and-seek", "race to the big rock|raced and laughed", "play catch|played catch", "look for shells with me|looked for shells", "sing with me|sang and told jokes", "tell riddles|told each other riddles"]},
    hints=["who has no friends", "who is lonely", "who wants a friend", "who finds a friend", "who meets {fnp}", "who is looking for a friend"],
    moral="It only takes one hello to make a friend.",
    summary="{Hk} was lonely. Then {he} met {f}, who was new, and they became friends.",
    questions=[("Why was {hk} sad?", "{Hk} had no friends."), ("Who did {hk} meet?", "{H} met {f}.")])

plot("lost_way", """
{open} [{His} mother always said, "Do not go too far away."|{He} knew every path near {his} home.|{He} loved to explore.]

{When}, {h} [followed a beautiful butterfly|followed a strange light|chased a rolling ball|looked for berries] and went further and further. When {he} looked around, nothing looked as {he} knew it. "[Where am I|Which way is home]?" {he} [cried|asked]. [{He} went left. {He} went right. Everything looked the same.|The sun went down, and it grew cold.|Fog came up, and {he} could not see the path.] {sad}

{fmeet} "Are you lost, {call}?" asked {f}. "Yes," said {h}. "I do not know the way home." "{Ask}?" asked {f}. {H} thought hard. "{Sign}," {he} said. "{Plan}," said {f}. They {act}. And there it was, [soft and far away|not far at all]! They followed it [through the dark|step by step], and soon {h} saw [the light in {his} own window|{his} own front door|{his} family waiting].

"Where have you been?" cried {his} mother, and she hugged {him} tight. {F} was asked to stay for [supper|the night]. [And {h} never went so far alone again.|Next time, {h} told {his} mother where {he} went.] {bye}
""",
    themes="being lost, going home, family, helping", traits=words("curious, playful, dreamy, careless, brave, happy, restless, forgetful"),
    vars={"ask+sign+plan+act": ["what can you hear near your home|a little bell rings every evening|then let us listen|stood very still", "what can you hear from your home|there is a stream, and it sings|then let us use our ears|listened with all their might",
        "what can you see from your home|there is a tall tree with a broken top|then let us look for it|climbed on a rock and looked around", "what is near your home|there is a mill with a red roof|then let us look for it|looked in every direction",
        "what do you smell near your home|there is a bakery, and it smells of bread|then let us use our noses|stood still and smelled the air"]},
    hints=["who gets lost", "who loses the way", "who is lost {inplace}", "who cannot find the way home", "who wants to go home", "who gets lost {inplace}"],
    moral="Stay calm and think, and you will find your way.",
    summary="{Hk} got lost. {F} helped {him} to think, and they found the way home.",
    questions=[("Who helped {hk}?", "{F} helped {hk} to find the way home.")])

plot("storm", """
{open} {ffriend}

{When}, a [terrible|great|wild] storm came. The wind howled[ all night long|], and [trees fell|roofs flew away|the rain fell like stones]. In the morning, {f}'s house was gone. Only a few [boards|sticks|stones] were left. {F} sat in front of it and cried. "[Now I have no home|Everything is gone]," {fhe} said.

"You can stay with me," said {h}. "And then we will build a new house, [a better one|a stronger one]." {He} {went} from door to door and [asked everyone for help|told everyone about it]. [One brought|The miller brought] wood, and another brought nails. {Eintro} [brought a big pot of soup|knew how to build a roof|could not lift much, but told good jokes]. [Even the smallest ones carried pebbles.|Even those who never talked to each other worked side by side.] They [worked|hammered] from [morning till night|sunrise to sunset], and after [three|five|seven] days there stood a new house, with [a red door|round windows|a strong roof].

{F} did not know what to say. [{Fhe} just hugged {h}.|Tears of joy ran down {fhis} face.] "[The storm took my house|I lost a house]," {fhe} said at last, "but [it showed me my friends|I found out how many friends I have]." That evening they all [sang and danced|ate together] in the new house. {bye}
""",
    themes="helping, a storm, working together, friendship, a new home", weather=["", "stormy", "rainy"],
    hints=["who helps after a storm", "and a terrible storm", "whose friend loses {fhis} house", "who helps to build a house"],
    moral="In bad times you see who your friends are.",
    summary="A storm took {f}'s house. {Hk} and all the neighbours built a new one.",
    questions=[("What did the storm do?", "The storm took {f}'s house."), ("Who helped?", "{H} and all the neighbours helped.")])

plot("race", """
{open} {He} was the fastest of all, and {he} [told everybody so|never stopped talking about it|knew it]. "Nobody can beat me!" {he} [said|boasted|called] every day.

[There was to be a great race.|Once a year, there was a great race.|{When}, a big race was held.] {Fintro} wanted to run too. "You?" laughed {h}. "[You are as slow as a snail|You will arrive next week]!" [The race began.|Ready, steady, go!|The bell rang, and off they went.] {H} ran so fast that the dust flew. Soon {he} was far ahead. But then {he} [turned around to laugh|waved at the crowd] and did not see the [stone|root|hole] in the way. {He} fell and hurt {his} foot. "Ouch!" One after another, they all ran past {him}. Only one stopped. It was {f}.

"[Lean on me|Come, I will help you]," said {f}. "But then you cannot win," said {h}. "[There is another race next year|Winning is not everything]," said {f}. Side by side they came to the finish, last of all. But [the crowd cheered louder than ever|everyone stood up and cheered]. {H} [was ashamed|turned red]. "I am sorry that I laughed at you," {he} said. "[You are the real winner|You have won something better than a race]." [{He} never boasted again.|From then on, {he} helped the slow ones to run.] {bye}
""",
    themes="being proud, a race, helping, winning and losing", traits=PROUD_TRAITS + words("fast, quick, young"), weather=["", "sunny"],
    hints=["who wants to win a race", "who runs a race", "who is too proud", "who boasts too much", "who thinks that {he} is the fastest", "and a race"],
    moral="Being kind is better than winning.",
    summary="{Hk} boasted and fell in the race. {F} stopped to help {him}.",
    questions=[("Who won the race?", "Somebody else won. {F} stopped to help {h}, and they came in last."), ("Who helped {hk}?", "{F} stopped and helped {hk}.")])

plot("learn_skill", """
{open} {He} could not {skill}. All the others could {skill}, but {h} could not. "[I will never learn it|It is too hard for me]," {he} [said|sighed]. [{sad}|]

{emeet} "[When I was young, I could not {skill} either|Everybody has to start]," said {e}. "[Try it a little every day|Fall ten times, and stand up eleven times|Start small]." So {h} tried. On the first day, {fail}. On the second day, {he} [did a little better|failed again|almost did it]. {Fintro} watched {him}. "[You are doing it wrong|That looks funny]," said {f}[ with a smile|]. "[But I could not do it either last year. Look, do it like this|Try it like this]." [They practised together every day.|Day after day they practised.] [Some days were good, and some were bad.|Sometimes {h} wanted to give up.|It was not easy.]

{When}, {h} tried once more. And suddenly it worked! "[Look at me|I can do it, I can do it]!" {he} [cried|shouted]. "I can {skill}!" {F} [cheered|jumped for joy|clapped]. {happy} [And the next day, {h} began to teach a little one who could not {skill}.|"You see," said {e}, "every master was once a beginner."|Now nobody could stop {him}.] {bye}
""",
    themes="learning, practice, not giving up, trying again", traits=words("shy, clumsy, young, stubborn, hopeful, sad, nervous, patient, brave, cheerful, small"), weather=[""],
    vars={"skill+fail": ["swim|{he} swallowed a lot of water", "dance|{he} stepped on {his} own feet", "sing|{he} sounded like a rusty gate", "skate|{he} fell on {his} nose", "climb|{he} slid down again and again", "read|all the letters looked like ants", "whistle|only air came out", "juggle|everything fell on {his} head", "paint|{his} picture looked like mud", "ride a bicycle|{he} rode into a bush", "jump over the stream|{he} landed in the middle of it", "cook|the soup tasted of soap", "count to a hundred|{he} forgot the number after twelve", "tell a joke|{he} forgot the end", "write {his} name|the pen made a big blot", "catch a fish|{he} caught an old boot", "fly a kite|the kite crashed into a tree", "tie a knot|{he} tied up {his} own fingers", *GENERIC_SKILLS]},
    hints=["who cannot {skill}", "who wants to learn to {skill}", "who learns to {skill}", "who could not {skill}", "who tries to {skill}", "who wants to {skill}"],
    moral="Practice makes the master.",
    summary="{Hk} could not {skill}. {He} practised every day with {f}, and at last {he} could do it.",
    questions=[("What did {hk} want to learn?", "{Hk} wanted to learn to {skill}."), ("Who helped {hk}?", "{F} and {e} helped {hk}.")])

plot("false_alarm", """
{open} {He} loved to play tricks. "Help! {Alarm}!" {he} would shout, and everyone came running. Then {h} [laughed and laughed|laughed until {he} fell over]. "It was only a joke!" {he} said. The others were [angry|not amused]. "[That is not funny|You should not do that]," said {fintro}.

The next week, {h} did it again. "Help! {Alarm}!" Again they came running, and again it was only a joke. [They shook their heads and went home.|"We do not believe you any more," they said.] But {when}, it was true! {Really}. "Help! {Alarm}!" cried {h}. [The others heard it, but nobody came.|Nobody moved.] "[It is only a joke again|Not this time]," they said. {H} was very afraid. [{He} called and called.|"This time it is true!" {he} cried.]

Only {f} stopped and listened. "[That voice sounds different|Maybe it is true this time]," {fhe} thought, and {fhe} went to look. {F} came just in time and [helped {him}|saved {him}|brought {him} to a safe place]. "[Thank you for believing me|You saved me]," said {h}[ with tears in {his} eyes|]. "I will never lie again." And {he} kept {his} word. [It took a long time, but in the end the others believed {him} again.|{His} jokes were different now, and everyone could laugh about them.] {bye}
""",
    themes="telling the truth, lying, tricks, trust", traits=NAUGHTY_TRAITS,
    vars={"alarm+really": ["A wolf|A big wolf came out of the trees", "A fire|Smoke came from under {his} door, and there was a fire", "A flood|The river rose, and the water came to {his} door", "A bear|A huge bear stood in front of {his} house"]}, weather=[""],
    hints=["who tells lies", "who plays tricks on everyone", "who lies too much", "who learns not to lie", "who always plays tricks", "who loves jokes"],
    moral="If you lie, nobody believes you when you tell the truth.",
    summary="{Hk} called for help as a joke. When it was true, only {f} came.",
    questions=[("Who helped {hk}?", "Only {f} came to help {hk}."), ("Why did nobody come?", "They thought that it was only a joke again.")])

plot("greedy", """
{open} {He} always wanted more than the others.

{When}, {h} found {many} {spot1}. [There was enough for everyone.|There were more than {he} could count.] "[All mine|These are all for me]!" {he} [cried|said]. {Fintro} came by. "[May I have some too|Will you give me a few]?" asked {f}. "No!" said {h}. "[I found them|They are mine]." {He} filled {his} bag to the top. [Then {he} filled {his} pockets and {his} hat.|Then {he} filled a second bag.] The load was [so heavy that {he} could hardly walk|very heavy]. On the narrow bridge, [the bag tore|{he} slipped], and {manydef} fell into the river and [were gone|floated away]. {sad}

"[I have nothing left|Now they are all gone]," [cried|said] {h}. {F} had seen it all. {Fhe} had [found three of them on the path|picked up what had fallen on the way]. "[Here|Look]," said {f}. "[It is not much, but we can share it|Half of it is for you]." {H} [was ashamed|looked down]. "Why do you share with me? I did not share with you." "[Because sharing is nicer|Because it tastes better with two]," said {f}. They sat down together, and {h} [had never enjoyed anything so much|was happier than before]. The next time {he} found something good, {he} called {f} at once. {bye}
""",
    themes="sharing, being greedy, having enough, kindness", traits=GREEDY_TRAITS,
    vars={"many+manydef": ["a tree full of ripe apples|the apples", "a bush full of sweet berries|the berries", "a heap of golden nuts|the nuts", "a field full of strawberries|the strawberries", "a pile of shiny coins|the coins", "a tree full of cherries|the cherries", "hundreds of juicy plums|the plums"]},
    hints=["who is too greedy", "who does not want to share", "who wants everything", "who learns to share", "who finds {many}"],
    moral="If you want everything, you may lose everything.",
    summary="{Hk} did not want to share and lost everything in the river. Then {f} shared with {him}.",
    questions=[("What did {hk} find?", "{H} found {many}."), ("Where did everything fall?", "Everything fell into the river.")])

plot("lazy", """
{open} All summer long, {h} [lay in the sun|slept in the shade|did nothing at all]. {Fintro} worked every day and [carried food into {fhis} house|gathered nuts, wood and grain|filled {fhis} house with food]. "[Why do you work so hard?|Come and rest with me!]" called {h}. "[Winter is long|Winter is coming]," said {f}. "You should work too." "[Tomorrow|There is still time]," [yawned|said] {h}, and {he} [fell asleep again|closed {his} eyes].

Then the snow came. {H} had no food and no wood. {His} house was cold, and {his} belly was empty. [For three days {he} ate nothing but snow.|{He} looked for berries, but there were none.] At last {he} knocked at {f}'s door. "[I was so foolish|You were right]," {he} said. "[I am cold and hungry|Please, let me come in]." {F} looked at {him}. [{Fhe} could have said no.|"You did nothing all summer," {fhe} said.] But then {fhe} opened the door wide. "[Come in and eat|Sit by the fire]," {fhe} said. "[But in spring you will work with me|You can sing for me, and I will feed you]."

When spring came, {h} was the first one [in the field|at work]. [{He} worked hard, and {he} whistled while {he} worked.|{He} planted and carried and dug.] And in the next winter, [{his} house was full, and {f} came to eat with {him}|there was enough for two]. {bye}
""",
    themes="hard work, being lazy, winter, friendship", traits=LAZY_TRAITS, weather=[""],
    hints=["who is too lazy", "who does not want to work", "who sleeps all day", "who has no food in winter", "who is very lazy"],
    moral="Who works in summer has food in winter.",
    summary="{Hk} was lazy all summer and hungry in winter. {F} helped {him}, and the next year {he} worked hard.",
    questions=[("Who worked hard?", "{F} worked hard."), ("Why was {hk} hungry?", "{H} had not worked in summer.")])

plot("small_helps_big", """
{open} {He} was so small that [nobody saw {him}|everybody forgot {him}]. {When}, {h} [walked over something soft|stepped on something warm]. It was {bigintro}, and it woke up! "[Who wakes me|How dare you]?" it [roared|growled|said]. "Please let me go," said {h}. "[One day I may help you|Maybe I can help you some day]." {Bigdef} laughed. "You? Help me? You are much too small!" But it let {him} go.

[A few days later|Not long after], {h} heard a terrible cry. {Bigdef} was [caught in a net of strong ropes|caught in a hunter's net|tied up in a trap]. It pulled and pulled, but [it could not get free|the ropes only grew tighter]. "[Now I am lost|Nobody can help me]," it [cried|sighed]. "I can," said a small voice. It was {h}. {He} [bit through one rope after another|cut the ropes, one by one|worked at the knots all night]. [It took a long time.|It was hard work, but {he} did not stop.] Then the last rope [fell|broke], and {bigdef} was free!

"I laughed at you," it said, "and now you have saved my life. [Nobody is too small to help|I was wrong about you]." "[Nobody is too big to need help|I kept my promise]," said {h}. And from that day on, {h} [rode through the land on the back of {bigdef}|had the strongest friend in the world]. {bye}
""",
    themes="being small, helping, keeping a promise, friendship", traits=words("brave, kind, clever, friendly, polite, shy, cheerful, helpful"), hero_size="small",
    vars={"bigintro+bigdef": ["a huge lion|the lion", "a great bear|the bear", "a giant|the giant", "a mighty tiger|the tiger", "a big elephant|the elephant", "a huge dragon|the dragon", "a great wolf|the wolf"]},
    hints=["who is very small", "who helps {bigintro}", "who saves {bigintro}", "and {bigintro}", "who is too small"],
    moral="Nobody is too small to help.",
    summary="{Bigdef} laughed at {hk}, but later {hk} saved it from a net.",
    questions=[("Who was caught?", "{Bigdef} was caught in a trap."), ("Who saved {bigdef}?", "{H} saved {bigdef}.")])

plot("sick_friend", """
{open} {ffriend} Every morning they [met at the gate|played together].

But {when}, {f} did not come. {H} waited and waited. Then {he} {went} to {f}'s house. {F} lay in bed, [hot and pale|with a red nose|coughing]. "I am ill," {fhe} [whispered|said]. "I cannot play today." {H} [wanted to help|was worried]. "[Wait here|I will be back]!" {he} said. {He} asked {eintro} what was good for {illness}. "[A tea made from the blue flower on the hill|Soup with the herb that grows by the waterfall|Honey from the old oak tree]," said {e}, "[but the way is steep|but it is not easy to find]."

{H} did not wait. {He} climbed [over rocks|through thorns|up the steep path] until {he} found it. [It began to rain, but {he} did not mind.|{His} feet hurt, but {he} ran all the way back.] {He} cooked it and brought it to {f}, spoon by spoon. Then {he} sat by the bed and told {fhim} [jokes|stories], and held {fhis} hand until {fhe} fell asleep.

[In the morning|After two days], {f} opened {fhis} eyes. "I feel much better," {fhe} said. "[Was it the medicine|Did the medicine help]?" asked {h}. "[Maybe|A little]," said {f}. "[But most of all it was you|But the best medicine is a friend]." {bye}
""",
    themes="being ill, friendship, caring, helping", weather=[""], traits=words("kind, loyal, brave, gentle, good, helpful, cheerful, worried, caring"), vars={"illness": ["a cold", "a fever", "a bad cough"]},
    hints=["whose friend is ill", "who helps a sick friend", "and a sick friend", "who takes care of {fnp}", "who looks for medicine"],
    moral="A friend is the best medicine.",
    summary="{F} was ill. {Hk} fetched medicine and stayed with {fhim} until {fhe} was well.",
    questions=[("Who was ill?", "{F} was ill."), ("Who knew what to do?", "{E} knew what to do.")])

plot("surprise_party", """
{open} Today was {his} birthday. [{H} jumped out of bed.|{H} had waited for this day all year.]

But nobody said anything. {Fintro} walked by. "Good morning," said {f}, and [went on|hurried away]. {Eintro} only [nodded|said that it looked like rain]. [Nobody sang. Nobody had a gift.|There was no cake and no song.] "[They have all forgotten my birthday|Nobody remembers me]," thought {h}. {sad} All day {he} sat alone {spot1}. [The hours passed slowly.|The day seemed very long.]

When it got dark, {h} went home. [There was no light in the house.|Everything was dark.] {He} opened the door. "Surprise!" Suddenly there was light, and everyone was there! {F} held [a huge cake with candles|a big cake], and {e} played the [fiddle|drum|flute]. "Happy birthday, {call}!" they all cried. "[Did you think that we forgot you?|We had to keep it secret all day, and it was so hard!]" said {f}. {happy} They [danced|sang|ate cake] until [midnight|the stars were bright]. [Before {he} fell asleep, {h} thought, "My friends never forget me."|It was the best birthday of {his} life.] {bye}
""",
    themes="a birthday, a surprise, friendship, a party", weather=[""], traits=words("sad, happy, shy, lonely, small, cheerful, hopeful, excited, kind"),
    hints=["who has a birthday", "whose birthday is forgotten", "and a birthday party", "and a surprise", "who thinks that nobody remembers {his} birthday"],
    moral="True friends do not forget you.",
    summary="{Hk} thought that everyone had forgotten {his} birthday, but {f} and the others had made a surprise party.",
    questions=[("Who brought the cake?", "{F} held the cake."), ("Why was {hk} sad?", "{H} thought that everyone had forgotten {his} birthday.")])

plot("strange_noise", """
{open} {When2}, {h} woke up. There was a strange noise. "[{Noise}]!" it went. [{H} pulled the blanket over {his} head.|{H} held {his} breath.|{His} hair stood on end.] "{Noise}!" There it was again. "[Is it a ghost|Is it a monster|Is it a thief]?" {he} [whispered|wondered].

{He} {ran} to {fintro} and knocked. "[Wake up, there is something out there|There is a monster outside my house]!" said {h}. {F} [rubbed {fhis} eyes|yawned], and took a [lamp|candle|stick]. [Holding on to each other|Side by side|On their toes], they went out into the night. "{Noise}!" It came from {spotnoise}. {F} [was afraid too|held up the light]. "[On three we look|You first]," whispered {f}. "[No, both together|One, two, three]," said {h}. They looked, and there was {cause}!

[They looked at each other and began to laugh.|First they were silent. Then they both laughed.] "[So that is our monster|What a terrible monster]!" said {f}. {solution} [Then they drank hot milk|Then they went back to bed], and {h} was not afraid any more. [Most monsters are small when you look at them in the light.|Many things are not so bad when you look at them.] {bye}
""",
    themes="being afraid, the night, a strange noise, courage", weather=[""], traits=TIMID_TRAITS + words("curious, sleepy"),
    vars={"when2": ["one night", "in the middle of the night", "late one night", "one dark night"], "noise": ["Scratch, scratch", "Tap, tap, tap", "Hooo, hooo", "Bump, bump", "Squeak, squeak", "Whooo"],
          "spotnoise": ["behind the shed", "the old barn", "under the stairs", "behind the bushes", "the roof"],
          "cause+solution": ["a tiny kitten which was stuck in a box|They freed it and gave it some milk.", "a loose board which moved in the wind|They fixed it with a nail.", "a baby owl which had lost its mother|They kept it warm until its mother came.", "a little hedgehog with its head in a jar|They pulled and pulled until it was free.", "a branch that knocked at the wall|They bent it aside, and it was quiet."]},
    hints=["who hears a strange noise", "who is afraid at night", "who is afraid of monsters", "and a strange noise", "who cannot sleep"],
    moral="Many things are not so bad when you look at them.",
    summary="{Hk} heard a strange noise at night. With {f}, {he} looked, and it was only {cause}.",
    questions=[("What made the noise?", "It was {cause}."), ("Who went with {hk}?", "{F} went along.")])

plot("moon", """
{open} Every night, {h} looked up at the moon. "I want to touch it," {he} said. "[Nobody can do that|That is silly]," said the others.

{When}, {h} tried. {He} climbed [the highest tree|the tallest hill|onto the roof], but the moon was still far away. {He} jumped. {He} [stood on {his} toes|tried with a long ladder|threw a rope]. Nothing helped. {sad} {fmeet} "What are you doing?" asked {f}. "I want to touch the moon, but it is too high," said {h}. {F} [thought for a moment|smiled]. "[Come with me|I know where the moon sleeps]," {fhe} said. 

They went to a [still pond|quiet lake|calm little pool]. There, in the water, lay the moon, round and bright! {H} [reached out|bent down] and touched it very gently. [It trembled and broke into a thousand pieces of silver.|Silver rings ran over the water.] "Oh no, I broke it!" cried {h}. "[Wait|Look]," said {f}. The water grew still, and the moon was whole again. "[You cannot keep it|The moon belongs to everyone]," said {f}, "but you can visit it every night." So they sat there and looked at the moon until they [fell asleep|were tired]. [Since that night, {h} did not need to climb any more.|And the moon shone for both of them.] {bye}
""",
    themes="the moon, a dream, the night, friendship", weather=[""], vars={"when": ["one night", "one clear night", "one summer night", "when the moon was full"]}, traits=words("dreamy, little, young, hopeful, curious, stubborn, lonely, happy, restless"),
    hints=["who wants to touch the moon", "who loves the moon", "and the moon", "who dreams of the moon", "who wants the moon"],
    moral="Some things are more beautiful when you do not own them.",
    summary="{Hk} wanted to touch the moon. {F} showed {him} the moon in the water.",
    questions=[("What did {hk} want?", "{Hk} wanted to touch the moon."), ("Who showed {hk} the moon in the water?", "{F} did.")])

plot("grumpy", """
{open} {He} was always in a bad mood. "[Go away|Leave me alone|Be quiet]!" {he} [shouted|growled] at everyone who came near. [So nobody came any more.|Everyone was afraid of {him}.|The others walked around {his} house.]

Then {fintro} moved in next door. {When}, {f} knocked. "Good morning! I have [baked a cake|picked some flowers|made too much soup]," said {fhe}. "I do not want it!" [growled|said] {h}, and shut the door. {F} put it in front of the door and went away. [The next day {fhe} came again. And the next day, too.|Every day {fhe} left something at the door.] {H} [watched from the window|did not understand it]. "[Why are you so kind to me|What do you want from me]?" {he} asked [at last|on the seventh day]. "[Nothing|I do not want anything]," said {f}. "[I only think that you look a little sad|Nobody is grumpy without a reason]."

{H} was quiet for a long time. "[I once had a friend who moved far away|My best friend left long ago]," {he} said. "[Since then I have not laughed|I do not want to be sad again]." {F} sat down beside {him}. [They did not say much, but they drank tea together.|They talked until it was dark.] And [when {f} told a joke|when {f} slipped on the step and fell into the flowers], {h} laughed, for the first time in years. [Now {he} opens the door before anyone knocks.|Since that day, {h} has been a different neighbour.] {bye}
""",
    themes="kindness, being grumpy, neighbours, friendship", traits=GRUMPY_TRAITS,
    hints=["who is always in a bad mood", "who is always grumpy", "who never laughs", "who wants to be left alone", "and a kind neighbour"],
    moral="Kindness can open every door.",
    summary="{Hk} was grumpy and alone. {F} was kind to {him} every day until {he} laughed again.",
    questions=[("Why was {hk} so grumpy?", "{H} had lost a friend who moved far away."), ("Who moved in next door?", "{F} moved in next door.")])

plot("hurry", """
{open} {He} did everything fast. {He} ate fast, {he} talked fast and {he} even slept fast. "[Slow down|Take your time]!" said {fintro}, who [did everything slowly|never hurried]. "[No time|I cannot wait]!" called {h}.

{When}, both wanted to go to {goal}. "[I will be there long before you|See you there, slowpoke]!" cried {h}, and {he} [was gone|ran off]. {He} ran so fast that {he} [did not see the sign and took the wrong road|forgot {his} bag and had to go back]. Then {he} [fell into a ditch|ran into a fence|stepped into a deep puddle]. {He} was [wet|muddy] and out of breath. Meanwhile, {f} {walked2} along the road, [smelled the flowers|looked at the clouds|said hello to everyone] and [asked an old farmer for the way|read the signs].

When {h} [arrived|finally came], the sun was already low. {F} had been there for an hour. "[I was worried about you|There you are]," said {f}. "I kept a [piece of cake|seat|glass of lemonade] for you." {H} [sat down and laughed at {himself}|let out a long breath]. "[I ran all day and came too late|You were slow, and you came first]," {he} said. On the way home, {h} walked beside {f}. [For the first time, {he} saw how blue the evening was.|{He} saw flowers that {he} had never seen before.|They counted the stars.] {bye}
""",
    themes="patience, being in a hurry, taking your time, being careful", traits=HASTY_TRAITS, weather=["", "sunny"],
    vars={"goal": ["the summer fair", "the market", "the big feast", "the wedding of a friend", "the circus", "the lake", "the puppet show"], "walked2": ["went"]},
    hints=["who is always in a hurry", "who does everything too fast", "who cannot wait", "who learns to be patient", "who never has time"],
    moral="Who goes slowly often arrives first.",
    summary="{Hk} hurried to {goal} and came too late. {F} took {fhis} time and came first.",
    questions=[("Where did they want to go?", "They wanted to go to {goal}."), ("Who came first?", "{F} came first.")])

plot("promise", """
{open} {ffriend}

"Will you come to my [birthday|party|house] [on Sunday|tomorrow]?" asked {f}. "I promise," said {h}. But {when}, [a storm came up|snow began to fall|it rained and rained]. The road was [under water|full of deep snow|blocked by a fallen tree]. "[Stay at home|Nobody goes out in this weather]," said {eintro}. "{F} will understand." {H} looked out of the window. {think} "[A promise is a promise|I gave my word]," {he} said[ at last|], and put on {his} coat.

[The wind pushed {him} back.|{He} slipped and fell, and stood up again.|The water came up to {his} knees.] [Once {he} lost {his} hat.|Once {he} almost turned back.|{His} nose was red with cold.] But {he} went on. At {f}'s house, [the table was set, but all the chairs were empty|nobody had come]. {F} sat there alone and looked at the candles. Then there was a knock. {H} stood in the door, wet [from head to toe|through and through]. "[Am I late?" {he} asked.|Here I am," {he} said.] 

{F} [jumped up|could hardly believe it]. "You came! [You came through the storm|Nobody else came]!" {fhe} cried. {Fhe} gave {him} dry clothes and [hot chocolate|warm soup], and the two of them had [the best party ever|more fun than a hundred guests]. "[Now I know what a promise is|Your word is worth more than gold]," said {f}. {bye}
""",
    themes="a promise, friendship, bad weather, being loyal", weather=[""], traits=words("loyal, honest, brave, kind, good, small, stubborn, true"), vars={"when": ["on that day", "when the day came", "that morning"]},
    hints=["who makes a promise", "who keeps a promise", "and a promise", "who goes through a storm to see a friend"],
    moral="A promise is a promise.",
    summary="{Hk} had promised to come to {f}. In spite of the bad weather, {he} kept {his} promise.",
    questions=[("What did {hk} promise?", "{H} promised to visit {f}."), ("Who else came?", "Nobody else came.")])

plot("royal_task", """
{open} {When}, [the king|the queen] sent a messenger through the land. "Whoever {task} will get [half the gold in the palace|a chest full of gold|a golden medal]!" he called. [Strong men tried, and wise men tried, but nobody could do it.|A hundred people tried, and all of them failed.] {H} [wanted to try too|thought about it]. "You?" laughed the guards. "[What can you do?|Go home!]"

But {fintro} said, "Let {him} try." {H} bowed politely and {solution}. [It was very quiet in the hall.|Nobody spoke. Everybody waited.] And then [it happened|the whole hall cheered]: {result}! "[How did you do that|What is your secret]?" [they all asked|everyone wanted to know]. "[It was not hard|Everyone can do it]," said {h}. "[You only have to be kind|I only thought of what I would like myself]."

{H} got the reward, but {he} did not keep it. {He} [shared it with everybody in the village|bought bread for the poor|built a school with it], and {f} got [a piece of cake as big as a wheel|a fine new hat]. And [when people ask for help|when something is hard], they still say, "[Let {h} try|Ask {h}]!" {bye}
""",
    themes="a king, being clever, kindness, a hard task", weather=[""], traits=words("clever, humble, kind, poor, polite, quiet, brave, thoughtful, simple"),
    vars={"task+solution+result": [
        "makes the sad princess laugh|told her about all the times {he} had fallen into the mud|first the princess smiled, and then she laughed out loud",
        "can calm the wild horse|sat down on the grass and hummed a soft tune until the horse came closer|the wild horse laid its head on {his} shoulder",
        "can make the baby prince sleep|turned down the lights and sang a very quiet song|the baby prince closed his eyes and slept",
        "can open the old golden box|did not pull at it, but cleaned the little lock with a drop of oil|the golden box opened with a soft click",
        "can answer why the sky cries|said, \"It cries so that the flowers can drink\"|the wise men nodded and put down their books",
        "can make the old bell ring again|climbed up, found a bird's nest in it, and moved it gently to a tree|the old bell rang as clearly as ever"]},
    hints=["who helps a king", "who has a hard task", "who goes to the palace", "and a king", "who wins a reward"],
    moral="Kindness and a clear head can do what strength cannot.",
    summary="Nobody could do the task, but {hk} {solution}.",
    questions=[("What did {hk} do with the reward?", "{H} shared it with others."), ("Who said that {hk} should try?", "{F} said so.")])

plot("lost_baby", """
{open} {When}, {h} heard a soft cry {spot1}. There sat {babyintro}, all alone. "[Where is your mother|What happened]?" asked {h}. "I do not know," [sobbed|said] {babydef}. "[I looked at a flower, and then she was gone|I fell asleep, and when I woke up, she was gone]." "[Do not be afraid|Do not cry]," said {h}. "I will help you find her."

{He} gave the little one [some water|a berry|a piece of bread] and [took it on {his} back|took it by the hand]. First they asked {eintro}. "[I have not seen her|I saw nobody]," said {e}. "Ask {fintro}. [{Fhe2} sees everything|Nobody knows this place better]." So they asked {f}. "[Yes, I heard somebody call near the river|Somebody was calling there, behind the hill|I saw her run towards the old mill]!" said {f}. They all went there[ as fast as they could|]. [It was getting dark.|The little one was very tired.] Then {h} heard a voice. "My baby! Where are you?" "Mother!" cried {babydef}.

The mother [hugged her little one|held it tight and cried for joy]. "[How can I ever thank you?|You are so kind!]" she said to {h}. "[Hold it tight|It was nothing]," said {h}. {happy} [Sometimes the little one came to visit, and each time it had grown a bit.|From then on, {babydef} waved at {him} every morning.] {bye}
""",
    themes="helping, family, a lost baby, kindness", traits=words("kind, gentle, brave, friendly, good, helpful, old, lonely, caring"),
    vars={"babyintro+babydef": ["a baby bird|the baby bird", "a little duckling|the duckling", "a tiny kitten|the kitten", "a small lamb|the lamb", "a baby rabbit|the baby rabbit", "a little bear cub|the bear cub", "a baby mouse|the baby mouse", "a little fawn|the fawn", "a baby elephant|the baby elephant", "a tiny puppy|the puppy"], "fhe2": ["that one"]},
    hints=["who helps {babyintro}", "who finds {babyintro}", "and {babyintro}", "who finds a lost baby", "who helps a lost baby"],
    moral="Nobody is alone when someone cares.",
    summary="{Hk} found {babyintro} that had lost its mother, and helped to find her.",
    questions=[("Who was lost?", "{Babydef} was lost."), ("Who had heard the mother?", "{F} had heard her.")])

plot("talent", """
{open} "[I am good at nothing," {h} said.|What am I good at?" {h} asked.] {Fintro} could {tal1}. {Eintro} could {tal2}. But {h} could do nothing special[, or so {he} thought|].

{When}, [there was a big show|a talent show was held]. Everyone wanted to show something. {H} sat at the back. Then {f} came, and {fhe} was [crying|very pale]. "[I am so afraid|I cannot go up there]," {fhe} said. "All will look at me." {H} [took {fhis} hand|put an arm around {fhim}]. "[Look only at me|Think of the day when you did it for us]," {he} said. "I know that you can do it." {F} went up, and {fhe} was wonderful. Then {e} [forgot everything|dropped everything and wanted to run away]. "[Start again, slowly|Breathe in, breathe out]," called {h}, and then it went well. [So {h} helped one after another.|All evening {h} helped those who were afraid.]

At the end, everyone cheered. "There is one prize left," said the judge. "[It is for the one who made all others brave|It is for the one who helped everybody]. It goes to {h}!" {H} could not believe it. "[So that is what you can do|You see what you are good at]," said {f}. "[You make hearts strong|You help us shine]." {happy} {bye}
""",
    themes="being special, helping, believing in yourself, a show", weather=[""], traits=words("shy, quiet, sad, humble, small, kind, gentle, thoughtful, ordinary"),
    vars={"tal1": ["sing like a bell", "dance like the wind", "juggle five balls", "tell the funniest jokes", "play the flute"], "tal2": ["do magic tricks", "walk on a rope", "paint fine pictures", "tell old tales", "stand on one hand"]},
    hints=["who is good at nothing", "who thinks {he} is not special", "who wants to be special", "and a talent show", "who does not believe in {himself}"],
    moral="Everyone is good at something.",
    summary="{Hk} thought that {he} was good at nothing, but {he} made all the others brave.",
    questions=[("What could {f} do?", "{F} could {tal1}."), ("Who won the last prize?", "{H} won the last prize.")])

plot("different", """
{open} {He} looked different from all the others, because {he} had {feature}. [The others pointed at {him}.|"How funny you look!" said the others.|Nobody wanted to play with {him}.] {sad} "[I wish I looked like everybody else|Why am I not like the others]?" {he} said.

{fmeet} "I like the way you look," said {f}. "[It makes you easy to find|Nobody else looks like that]." {H} [did not believe it|only shook {his} head]. Then, {when}, [a thick fog came up|thick snow began to fall|a dark cloud covered everything], and the others, who were playing {spot1}, could not find the way home. They could see nothing. "[Help|We are lost]!" they cried. {H} stood on a high rock. "[Look for me|Come this way]!" {he} called. And through the [fog|dark|grey], they could see {featuredef}. One by one they [came to {him}|followed it], until all were safe.

"[We were wrong|We are sorry]," said the others. "[Without you we would still be lost|How good that you are different]!" "[I told you so|I always liked it]," said {f} with a smile. Now {h} [was proud of {featuredef}|did not want to look like everybody else any more]. [The world would be boring if we were all the same.|It is good to be different.] {bye}
""",
    themes="being different, being yourself, being teased, courage", weather=[""], traits=words("shy, sad, lonely, quiet, kind, gentle, small, strange"), 
    vars={"feature+featuredef": ["a bright red nose|the red nose", "very long ears|the long ears", "a coat full of bright yellow spots|the yellow spots", "hair like a flame|the hair like a flame", "a glowing tail of silver paper|the glowing tail", "bright orange stripes|the orange stripes", "a big purple hat which would not come off|the purple hat", "a very shiny belly|the shiny belly"], "when": ["one day", "one afternoon", "one winter day", "the next week"]},
    hints=["who is different from the others", "who looks different", "with {feature}", "who wants to be like the others", "who is teased"],
    moral="It is good to be different.",
    summary="{Hk} looked different because of {featuredef}. But in the fog that saved everyone.",
    questions=[("Why was {hk} different?", "{H} had {feature}."), ("Who liked {featuredef}?", "{F} liked it.")])

plot("adventure_sea", """
{open} {He} had always wanted to see [the other side of the sea|the end of the world|the island of the singing stones]. {When}, {h} [built a small raft|found an old boat|borrowed a little boat] and called {fintro}. "Will you come with me?" "[I am a little afraid|It is far|The sea is so wide]," said {f}, "but I will come."

[For two days the sea was calm and blue.|At first the water was smooth as glass.|They sailed under a bright sun.] Then [the waves grew as tall as houses|black clouds came, and the waves grew high]. The boat [rocked|jumped] up and down. "[Hold on tight|Do not let go]!" shouted {h}. [The sail tore.|Water came over the side.] {F} [threw the water out with a bucket|tied the sail with a rope], and {h} held the [wheel|oar] with all {his} strength. [At last the wind grew weaker.|When morning came, the sea was quiet again.] And there, right in front of them, was [a green island|land]!

There they [ate sweet fruit|picked strange fruit], [swam in warm water|danced with the birds] and [slept under the stars|looked at stars that they had never seen]. But after a week, {h} said, "[It is beautiful here|I have seen the end of the world], but [I miss our home|nothing is as nice as home]." "[Me too|I was only waiting for you to say it]," said {f}. So they sailed back, [brown from the sun|full of stories], and everyone [ran to the shore to hear about it|wanted to hear their story]. {bye}
""",
    themes="adventure, the sea, coming home, courage, friendship", traits=words("brave, curious, restless, bold, dreamy, cheerful, young, daring"), weather=["", "sunny"],
    hints=["who sails across the sea", "who goes on an adventure", "who wants to see the world", "who goes to sea", "and a boat", "who sails to an island", "and {fnp} who go on an adventure"],
    moral="The world is wide, but home is sweet.",
    summary="{Hk} and {fk} sailed across the sea, came through a storm, found an island and came home again.",
    questions=[("Who went with {hk}?", "{F} went along."), ("Why did they go back?", "They missed their home.")])

plot("two_do_not_fit", """
{open} Not far away lived {fintro}. The two had never spoken to each other. "[They say that {fk} is dangerous|{Fk} must be very strange]," thought {h}. And {f} thought the same about {h}. [So each of them stayed on one side of the path.|So they both kept away.]

{When}, {h} [fell into a deep hole|got stuck in the mud|hurt {his} leg] {spot1}. "Help!" {he} called. [Nobody heard {him} but {f}.|The only one who heard it was {f}.] {F} [looked down|came slowly closer]. {H} was afraid. "[Now I am lost|Please do not hurt me]!" {he} cried. "Hurt you? I want to help you," said {f}. {Fhe} [pulled with all {fhis} strength|held out a long branch|worked for an hour], and then {h} was free. "[I thought that you were dangerous|I was afraid of you]," said {h}. {F} laughed. "[And I thought that you were dangerous|And I was afraid of you]!"

[They sat down and talked.|They shared some bread and talked until evening.] They found out that they both liked {like1} and {like2}, [and that both of them were afraid of spiders|and that both hated rain]. "[We could have been friends for years|How silly we were]," said {h}. "[Then let us begin today|It is never too late]," said {f}. [People still wonder when they see the two together, {hk} and {fk}.|Now there is no path between them any more.] {bye}
""",
    themes="friendship, being strangers, not judging others, helping", traits=words("shy, careful, lonely, proud, nervous, quiet, young, timid"),
    vars={"like1": ["singing", "old songs", "warm bread", "the smell of rain", "riddles"], "like2": ["long walks", "looking at the stars", "honey cake", "hot tea", "funny stories"]},
    hints=["and {fnp} who become friends", "and {fnp}", "who is afraid of {fnp}", "and {fnp}", "and {fnp} who are very different"],
    moral="You only know someone when you have talked to them.",
    summary="{Hk} and {fk} were afraid of each other, until {f} helped {h} and they became friends.",
    questions=[("Who helped {hk}?", "{F} helped {hk}."), ("What did they both like?", "They both liked {like1} and {like2}.")])

plot("deep_water", """
{open} {ffriend} They [played among the corals|raced with the waves|chased bubbles] every day.

{When}, {h} saw something [glitter|shine] far below, where the water was [dark and cold|black]. "[Do not go there|It is too deep]," said {f}. "[I only want to look|I will be back soon]," said {h}, and down {he} swam. It was {ao}, {spot1}! But when {he} wanted to go back, {he} was caught. [An old net held {him} fast.|A heavy rope was around {his} tail.] {H} pulled and pulled. "Help!" {he} called.

{F} heard it. {Fhe} was afraid of the deep, dark water, but {fhe} swam down at once. [{Fhe} bit through the net, one thread after another.|{Fhe} pulled at the knots until they came loose.] "[Swim|Now, quick]!" said {f}, and together they swam up into the light. [They still had the {o}.|{H} still held the {o}.] "[I should have listened to you|You came down for me, though you were afraid]," said {h}. "[I was more afraid to lose you|Friends do that]," said {f}. They put the {o} in [a safe place|front of their home], and each time {h} saw it, {he} thought of {his} brave friend. {bye}
""",
    objects="small", themes="the sea, friendship, courage, being careful", water=True, weather=[""], traits=words("curious, restless, bold, playful, careless, young, happy"),
    hints=["who finds {ao} in the deep sea", "and {ao}", "who swims too deep", "who finds {ao}"],
    moral="Listen to your friends; they want to keep you safe.",
    summary="{Hk} swam too deep to get {ao} and was caught. {F} came down and freed {him}.",
    questions=[("What did {hk} find?", "{H} found {ao}."), ("Who saved {hk}?", "{F} saved {hk}.")])

plot("sea_song", """
{open} {He} had the [softest|clearest|sweetest] voice in the water, but {he} sang only when [nobody could hear {him}|{he} was alone]. "[My song is too small for the big sea|Nobody wants to hear it]," {he} thought.

{When}, {fintro} did not come home. {F} had [followed a strange current|chased a shiny bubble] and was lost in the [dark|dark water|fog of sand]. All of them searched {spot1} and {spot2}, but they did not find {fhim}. "[It is too dark to see anything|Our eyes cannot help us here]," said {eintro}. Then {h} [had an idea|took heart]. "[If {f} cannot see us, {fhe} can hear us|Then we must use our ears]," {he} said. {He} swam up high and began to sing. [First softly, then louder and louder.|{His} song went through the water like a wave.] [All the others grew quiet and listened.|Even the crabs stopped to listen.]

Far away, {f} heard the song. "[That is my friend|I know that voice]!" {fhe} thought, and {fhe} swam towards it until {fhe} saw the lights of home. {fhappy} "Your song [showed me the way|brought me home]," said {f}. [Now {h} sings every evening, and nobody gets lost any more.|From that day on, {h} sang for everyone.] {bye}
""",
    themes="the sea, singing, being shy, being lost, courage", water=True, weather=[""], traits=words("shy, quiet, small, timid, gentle, humble, nervous"),
    hints=["who likes to sing", "who sings", "who has a beautiful voice", "who is too shy to sing"],
    moral="Even a small voice can be heard far away.",
    summary="{F} was lost. {Hk} sang so loudly that {f} heard it and found the way home.",
    questions=[("Who was lost?", "{F} was lost."), ("How did {f} find the way home?", "{F} heard {hk}'s song.")])
