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
