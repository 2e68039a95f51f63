"""Word lists of the story grammar.

The lists are wide on purpose: no single noun is frequent enough to be learned
as "the usual one", so the model has to learn to copy what the request names.
"""

from __future__ import annotations


def words(text: str) -> list[str]:
    """Split a comma-separated block of text into a list of words or short phrases."""
    return [item.strip() for item in text.replace("\n", " ").split(",") if item.strip()]


# --- Characters ---------------------------------------------------------------

LAND_ANIMALS = words("""
fox, rabbit, hare, mouse, rat, squirrel, hedgehog, badger, mole, otter, beaver, bear, bear cub, wolf, wolf cub,
deer, fawn, elk, moose, stag, lynx, bobcat, lion, lion cub, lioness, tiger, tiger cub, leopard, cheetah, panther, jaguar,
elephant, giraffe, zebra, hippo, rhino, monkey, gorilla, chimpanzee, baboon, lemur, sloth, koala, kangaroo, wallaby,
wombat, panda, red panda, raccoon, skunk, opossum, porcupine, armadillo, anteater, meerkat, mongoose, weasel, stoat,
ferret, marten, hamster, guinea pig, gerbil, chipmunk, marmot, cat, kitten, dog, puppy, sheepdog, poodle, terrier,
hound, horse, pony, foal, donkey, mule, cow, calf, bull, ox, goat, sheep, lamb, ram, pig, piglet, boar, camel, llama,
alpaca, yak, bison, buffalo, antelope, gazelle, reindeer, jackal, coyote, hyena, dingo, lizard, gecko, chameleon,
iguana, snake, tortoise, turtle, toad, frog, newt, salamander, snail, slug, worm, caterpillar, beetle, ant, spider,
cricket, grasshopper, ladybug, polar bear, arctic fox, seal pup, dormouse, vole, shrew, bunny, crab, scorpion,
alligator, crocodile, baby elephant, baby dragon, dinosaur, mammoth, snow leopard, field mouse, tree frog, stick insect, chinchilla, aardvark, tapir, okapi, groundhog, prairie dog, wolverine, wild horse, piggy, centipede, earthworm, silkworm, cockroach, bulldog, husky, dachshund, tomcat, seal, black cat, white rabbit
""")

FLYING_ANIMALS = words("""
owl, barn owl, robin, sparrow, crow, raven, magpie, jay, blackbird, thrush, nightingale, lark, swallow, swift, wren,
finch, goldfinch, woodpecker, cuckoo, pigeon, dove, eagle, hawk, falcon, vulture, stork, heron, crane, flamingo,
pelican, seagull, puffin, parrot, parakeet, canary, hummingbird, kingfisher, peacock, pheasant, duck, duckling, goose,
gosling, swan, hen, chick, rooster, turkey, bat, bee, bumblebee, butterfly, moth, dragonfly, firefly, albatross, starling, emu, ostrich, toucan, cockatoo, penguin, chicken, partridge, quail, ibis, kiwi, mosquito, wasp, fly, ladybird, snowy owl, baby penguin, condor
""")

WATER_ANIMALS = words("""
fish, goldfish, whale, dolphin, shark, octopus, squid, seahorse, starfish, jellyfish, salmon, trout, pufferfish,
clownfish, eel, manta ray, baby whale, sea turtle, lobster, shrimp, walrus, narwhal, swordfish, mermaid, catfish
""")

FANTASY_FOLK = words("""
dragon, robot, ghost, giant, troll, goblin, elf, gnome, dwarf, wizard, witch, fairy, unicorn, snowman, scarecrow,
monster, ogre, phoenix, griffin, pixie, yeti, genie, vampire, mummy, alien, centaur, leprechaun, teddy bear, rag doll,
toy soldier, puppet, wooden horse, tin man, gargoyle, imp, sprite, cyclops, zombie, werewolf, skeleton, angel, mouse king, star child, water spirit, snow queen, baby monster, paper boy, clockwork bird
""")

MALE_PEOPLE = words("""
boy, man, king, prince, old man, grandfather, farm boy, fisherman, father, uncle, shepherd boy, milkman, postman, young man
""")
FEMALE_PEOPLE = words("""
girl, woman, queen, princess, old woman, grandmother, farm girl, milkmaid, mother, aunt, shepherd girl, young woman, duchess, nun
""")
ANY_PEOPLE = words("""
child, baker, farmer, sailor, tailor, painter, teacher, doctor, nurse, cook, chef, pirate, knight, miller, blacksmith,
carpenter, gardener, shepherd, hunter, woodcutter, miner, potter, weaver, singer, dancer, musician, drummer, juggler,
clown, acrobat, magician, inventor, clockmaker, shoemaker, toymaker, librarian, writer, poet, student, explorer,
astronaut, pilot, captain, soldier, guard, detective, spy, thief, merchant, shopkeeper, butcher, beekeeper, ferryman,
lighthouse keeper, bus driver, train driver, firefighter, mechanic, builder, engineer, scientist, photographer, tourist,
traveller, beggar, hermit, monk, judge, mayor, servant, messenger, archer, diver, cowboy, ninja, superhero, skater,
runner, swimmer, barber, plumber, dentist, vet, waiter, janitor, mapmaker, stargazer, chimney sweep, candle maker, bell ringer, sheriff, lawyer, president, robber, baby, brother, sister, cousin, twin, neighbour, orphan, stranger, treasure hunter, goalkeeper, football player, racing driver, policeman, postwoman, street sweeper, fairy godmother, zookeeper, lumberjack, sculptor, violinist, pianist, ballerina, cyclist, hairdresser, lifeguard, nanny, programmer, sea captain
""")

# Things which come alive in a story.
LIVING_THINGS = words("""
cloud, star, tree, snowflake, raindrop, car, train, boat, bus, truck, house, teapot, candle, pencil, shoe, sock, leaf, flower, mountain, river, moon, sun,
shadow, rainbow, wave, stone, pumpkin, potato, carrot, cookie, pancake, cupcake, spoon, clock, kite, balloon, book, pillow, broom, lighthouse, tractor,
rocket, airplane, tugboat, lamp, mirror, doll, ball, button, umbrella, sunflower, mushroom, cactus, acorn, seed, drop of water, grain of sand, breeze,
computer, toaster, fridge, piano, violin, drum, chair, coat, mitten, boot, hat, cherry tree, little cloud, satellite, planet, comet
""")

GIRL_NAMES = words("""
Mia, Lily, Anna, Emma, Sara, Lucy, Ella, Nora, Zoe, Ruby, Daisy, Rosa, Ivy, Hazel, Clara, Alice, Maya, Luna, Stella,
Poppy, Molly, Tilly, Millie, Elsie, Freya, Heidi, Greta, Ingrid, Olga, Petra, Nina, Tina, Lena, Mona, Dora, Flora,
Bella, Coco, Pearl, Amber, Jade, Willow, Fern, Holly, Iris, Violet, Penny, Jenny, Betty, Kitty, Polly, Sally, Nelly,
Maggie, Annie, Susie, Katie, Jane, June, May, Rose, Grace, Hope, Joy, Eve, Leah, Ruth, Sophie, Julia, Laura, Diana,
Amina, Fatima, Leila, Yasmin, Priya, Anika, Mei, Yuki, Hana, Sakura, Sofia, Lucia, Carmen, Elena, Paloma, Chloe,
Camille, Amelie, Zara, Kira, Tara, Maeve, Una, Sienna, Olive, Cleo, Pippa, Wanda, Hilda, Edith, Agnes, Martha, Tess
""")
BOY_NAMES = words("""
Tom, Tim, Sam, Max, Ben, Leo, Jack, Finn, Oscar, Hugo, Felix, Theo, Noah, Luke, Adam, Peter, Paul, Mark, John, James,
Henry, George, Harry, Charlie, Freddie, Alfie, Archie, Teddy, Toby, Milo, Otto, Bruno, Rusty, Buddy, Sandy, Rocky,
Oliver, Simon, Daniel, David, Nathan, Isaac, Jacob, Lucas, Martin, Robin, Walter, Arthur, Albert, Edgar, Frank, Gus,
Hans, Karl, Lars, Nils, Olaf, Sven, Anton, Boris, Ivan, Yuri, Marco, Mario, Luigi, Pablo, Diego, Carlos, Miguel, Jose,
Omar, Ali, Hassan, Yusuf, Amir, Ravi, Arjun, Kenji, Hiro, Wei, Jin, Kofi, Kwame, Tariq, Pierre, Louis, Jules, Remy,
Barnaby, Bertie, Chester, Dexter, Duncan, Ernest, Fergus, Gilbert, Humphrey, Jasper, Jerome, Monty, Nelson, Percy,
Quentin, Rufus, Stanley, Wilbur, Ziggy, Biscuit, Pebble, Button, Bramble, Nutmeg, Acorn, Pepper
""")

# Traits say something about the character; sizes and looks only describe.
TRAITS = words("""
brave, shy, kind, clever, curious, lonely, cheerful, gentle, honest, patient, quiet, friendly, polite, silly, happy,
careful, hopeful, humble, loyal, playful, wise, sleepy, hungry, busy, careless, clumsy, dreamy, funny, forgetful,
generous, nervous, restless, stubborn, thoughtful, timid, tired, bold, merry, good, helpful, poor, bored, hard-working
""")
PROUD_TRAITS = words("proud, boastful, vain, selfish, stubborn, bossy, spoiled, arrogant")
GREEDY_TRAITS = words("greedy, selfish, hungry, mean, spoiled, jealous")
LAZY_TRAITS = words("lazy, sleepy, careless, idle, dreamy")
NAUGHTY_TRAITS = words("naughty, cheeky, silly, bored, sly, mischievous, playful")
GRUMPY_TRAITS = words("grumpy, cranky, bad-tempered, gruff, moody, sulky")
TIMID_TRAITS = words("shy, timid, nervous, scared, quiet, small and shy, fearful, worried")
LONELY_TRAITS = words("lonely, shy, quiet, sad, friendless, new")
HASTY_TRAITS = words("impatient, hasty, restless, eager, excited")
SIZES = words("little, little, little, small, small, tiny, tiny, young, young, old, old, big, big, large, fat, thin, tall, short")  # weighted by repetition
LOOKS = words("""
red, white, black, brown, grey, blue, green, golden, silver, yellow, orange, pink, purple, spotted, striped, fluffy,
furry, round, fuzzy, woolly, pale, dusty, muddy, speckled, shaggy, one-eyed, three-legged, long-tailed, colourful
""")

# --- Things -------------------------------------------------------------------

SMALL_OBJECTS = words("""
key, ring, coin, button, marble, pebble, shell, feather, ball, kite, doll, toy boat, toy car, toy train, whistle, spoon,
fork, cup, mug, teapot, plate, bowl, jug, bottle, jar, box, basket, bucket, bag, purse, wallet, watch, clock, compass,
map, letter, postcard, diary, notebook, book, pencil, pen, paintbrush, crayon, ruler, eraser, comb, hairbrush, mirror,
necklace, bracelet, brooch, crown, medal, trophy, ribbon, rope, string, needle, thimble, pin, nail, hammer, saw, axe,
shovel, spade, rake, broom, ladder, wheel, spring, magnet, telescope, magnifying glass, camera, radio, telephone,
umbrella, walking stick, fan, pillow, blanket, cushion, rug, quilt, candle holder, vase, flowerpot, statue, painting,
picture, photograph, puzzle, card, domino, spinning top, yo-yo, skipping rope, balloon, puppet, teddy bear,
stuffed rabbit, snow globe, music box, jewel, diamond, ruby, emerald, pearl, crystal, stone, gold nugget, fossil, bone,
stick, branch, acorn, pine cone, leaf, flower, rose, tulip, nest, egg, golden egg, horseshoe, saddle, bell, anchor, oar,
fishing rod, net, hook, barrel, chest, treasure chest, lock, padlock, chain, sword, shield, helmet, bow, arrow, spear,
wand, magic wand, crystal ball, potion, scroll, stamp, ticket, badge, flag, sign, sack, suitcase, backpack, lunch box,
toothbrush, bar of soap, sponge, towel, bathtub, kettle, pan, pot, rolling pin, cookie jar, sugar bowl, salt shaker, knife,
bicycle, skateboard, sled, scooter, wagon, wheelbarrow, chair, stool, table, bed, cradle, shelf, drawer, carpet, curtain,
doorknob, door, window, brick, tile, screw, battery, computer, laptop, television, toy robot, dollhouse, rocking horse,
paper boat, paper crane, paper plane, paper star, toy castle, tin soldier, glass eye, gold tooth, lucky charm,
four-leaf clover, dreamcatcher, hourglass, pocket watch, silver spoon, wooden spoon, snowball, icicle, starfish shell,
amulet, locket, charm, talisman, orb, coconut, pumpkin, ribbon box, ink bottle, quill, spyglass, treasure, toy, gift
""")
LIGHT_OBJECTS = words("lantern, lamp, candle, torch, flashlight, oil lamp, night light, glowing stone, magic lamp, glow stick, paper lantern, jar of fireflies")
MUSIC_OBJECTS = words("""
violin, fiddle, flute, drum, trumpet, guitar, piano, harp, accordion, banjo, ukulele, recorder, tambourine, xylophone,
cello, horn, harmonica, bagpipe, clarinet, saxophone, tuba, trombone, lute, mandolin, tin whistle, triangle, cowbell
""")
FOOD_OBJECTS = words("""
cake, apple, pear, pie, apple pie, cherry pie, loaf of bread, piece of cheese, sandwich, cookie, pancake, bun, muffin,
doughnut, carrot, cabbage, turnip, potato, banana, orange, peach, plum, melon, watermelon, pineapple, mango, lemon,
bowl of soup, pot of stew, pot of honey, jar of jam, basket of berries, basket of eggs, bag of nuts, bag of sweets,
bar of chocolate, chocolate cake, ice cream, pizza, cupcake, lollipop, gingerbread man, pretzel, waffle, biscuit,
bunch of grapes, bowl of rice, bowl of porridge, dumpling, noodle soup, strawberry tart, birthday cake, tomato, corn cob
""")
PLANT_OBJECTS = words("""
sunflower, pumpkin, apple tree, cherry tree, rose, bean plant, carrot, strawberry plant, oak tree, lemon tree, tulip,
daisy, lily, pear tree, tomato plant, melon, grape vine, lavender bush, plum tree, orchid, cactus, poppy, corn plant,
turnip, blueberry bush, palm tree, fig tree, moon flower, giant mushroom, watermelon, money tree, raspberry bush
""")
BUILD_OBJECTS = words("""
boat, raft, bridge, tower, tree house, cart, kite, windmill, sled, hut, cabin, ship, sandcastle, snow fort, swing, barn,
rocket, flying machine, airplane, robot, lighthouse, birdhouse, wagon, doghouse, hot-air balloon, canoe, fence, wall,
staircase, clock tower, submarine, train, well, oven, bench, bicycle, castle, igloo, rope bridge, water wheel, machine
""")
CLOTHES = words("""
scarf, hat, coat, jacket, cloak, sweater, cap, woolly hat, shawl, cape, vest, raincoat, blanket, fur coat, robe, bonnet,
red scarf, winter coat, knitted sweater, straw hat, top hat, hood, poncho
""")
OBJECT_ADJECTIVES = words("""
shiny, old, new, small, little, tiny, big, red, blue, green, yellow, golden, silver, white, black, brown, purple, pink,
orange, wooden, glass, paper, iron, beautiful, pretty, strange, rusty, dusty, round, special, lovely, simple, plain,
heavy, tiny blue, bright red, dark green, colourful, striped, sparkling, curious, fine, precious, ancient, funny, lucky, very old, clean, smooth, tall, long, crooked, copper, bronze, soft
""")

# --- Places -------------------------------------------------------------------
# name -> (phrase of being there, domain)

PLACES = {
    "forest": "in the forest", "wood": "in the wood", "dark forest": "in the dark forest", "deep forest": "in the deep forest",
    "meadow": "in the meadow", "valley": "in the valley", "green valley": "in a green valley", "swamp": "in the swamp",
    "jungle": "in the jungle", "desert": "in the desert", "mountains": "in the mountains", "hills": "in the hills",
    "river": "by the river", "lake": "by the lake", "pond": "by the pond", "sea": "by the sea", "beach": "by the beach",
    "waterfall": "near the waterfall", "stream": "by the stream", "island": "on an island", "small island": "on a small island",
    "farm": "on a farm", "village": "in a village", "small village": "in a small village", "quiet village": "in a quiet village",
    "town": "in a town", "little town": "in a little town", "city": "in a city", "big city": "in a big city",
    "garden": "in a garden", "park": "in a park", "old castle": "near an old castle", "castle": "in a castle",
    "palace": "in a palace", "harbour": "near the harbour", "lighthouse": "near the lighthouse", "mill": "by the old mill",
    "orchard": "in an orchard", "vineyard": "in a vineyard", "moor": "on the moor", "cave": "in a cave", "canyon": "in a canyon",
    "snowy mountains": "in the snowy mountains", "north": "in the far north", "hill": "on a hill", "market": "near the market",
    "school": "near the school", "railway": "near the railway", "bridge": "under the old bridge", "savanna": "on the savanna",
    "prairie": "on the prairie", "kingdom": "in a small kingdom", "faraway kingdom": "in a faraway kingdom", "zoo": "in a zoo",
    "circus": "in a circus", "bakery": "above a bakery", "library": "near the library", "volcano": "near a volcano",
    "bamboo forest": "in the bamboo forest", "marsh": "by the marsh", "cliffs": "on the cliffs", "moon": "on the moon",
}
WATER_PLACES = {
    "sea": "in the sea", "deep sea": "in the deep sea", "ocean": "in the ocean", "blue ocean": "in the blue ocean",
    "coral reef": "in a coral reef", "lake": "in the lake", "warm sea": "in a warm sea", "bay": "in a quiet bay",
    "lagoon": "in a blue lagoon", "river": "in a wide river", "cold sea": "in the cold sea", "big lake": "in a big lake",
}

LAND_SPOTS = words("""
under a bush, behind a big rock, beside the old well, inside a hollow tree, in the tall grass, under a pile of leaves,
behind the fence, under the bridge, beside the path, between two stones, at the foot of an oak tree, near the stream,
under a wooden bench, behind the barn, beside a mossy log, among the flowers, in a puddle, under the stairs, at the edge of the pond,
next to the gate, in a patch of clover, behind a haystack, under a flat stone, beside the garden wall, among the roots of a tree,
in an old boot, under a bed of ferns, at the bottom of a ditch, near the milestone, behind a wheelbarrow, in a bird's nest
""")
WATER_SPOTS = words("""
under a shell, behind a big rock, in the seaweed, inside an old barrel, beside an anchor, between two corals, under the sand,
inside a sunken ship, near a sea cave, beside a sleeping clam, among the sponges, behind a curtain of bubbles, under a flat stone
""")

WEATHER_OPENINGS = {
    "sunny": ["one sunny morning", "one bright day", "on a warm and sunny day", "one fine morning", "one clear summer day", "one golden afternoon"],
    "rainy": ["one rainy day", "one wet morning", "on a grey and rainy day", "one afternoon when the rain would not stop"],
    "windy": ["one windy day", "one windy morning", "on a day when the wind blew hard", "one blustery afternoon"],
    "snowy": ["one snowy day", "one cold winter morning", "on a white winter day", "one day when the snow lay deep"],
    "foggy": ["one foggy morning", "one misty day", "on a foggy day"],
    "stormy": ["one stormy day", "one dark and stormy evening", "on a stormy afternoon"],
    "": ["one day", "one morning", "one afternoon", "early one morning", "one evening", "one spring day", "one autumn day",
         "one quiet day", "one Monday morning", "one Saturday", "one day in May", "one day at noon"],
}
WATER_WEATHER_OPENINGS = ["one day", "one morning", "one calm day", "one afternoon", "early one morning", "one quiet day", "one evening"]

# --- Sounds for invented words --------------------------------------------------
# A few per cent of the stories use invented nouns and names; nothing but copying
# from the request can produce those.
ONSETS = words("b, bl, br, c, ch, cl, cr, d, dr, f, fl, fr, g, gl, gr, h, j, k, l, m, n, p, pl, pr, qu, r, s, sh, sk, sl, sn, sp, st, t, tr, tw, v, w, z")
VOWELS = words("a, e, i, o, u, oo, ee, ai, a, e, i, o, u")
CODAS = words("b, ck, d, ff, g, ll, m, n, ng, nk, p, r, rt, sh, ss, st, t, x, zz, l, n, r, nd")
ENDINGS = words("o, a, y, le, in, et, er, ox, us, um, ie, ling, ock, on, el, ish, ard, ip")

# Real nouns which appear in no plot: they too can be told about only by copying.
RARE_OBJECTS = words("""
abacus, almanac, apron, atlas, banner, barometer, beanbag, bell jar, binder, blender, boomerang, bowling ball, calendar,
calculator, cannon, canvas, carousel, catapult, chandelier, chessboard, cobweb, corkscrew, crib, cymbal,
dartboard, desk, dictionary, envelope, figurine, firework, fishbowl, flask, footstool, fountain pen, frisbee, funnel,
gavel, gearwheel, globe, goblet, gong, hammock, harness, headphone, hinge, hoop, ice cube, jigsaw, joystick, keyboard, kimono,
kayak, knot, lasso, lever, lightbulb, loom, mailbox, mattress, megaphone, meteorite, microphone, microscope, mitten, mosaic,
napkin, oven mitt, paddle, parachute, parcel, periscope, phone, pinwheel, plug, poster, prism, pulley, pump, pyramid, quilt square,
raffle ticket, remote control, rocket ship, rubber duck, sandal, satellite, scale, seashell, sewing machine,
shoelace, shopping cart, skate, slipper, slide, snorkel, soup ladle, spade handle, spider web, statuette, stethoscope,
stopwatch, straw, surfboard, tablet, tape measure, teacup, tent, thermometer, throne, toaster, toolbox, toothpick, toy piano,
tractor, traffic light, trampoline, tricycle, tripod, trowel, typewriter, unicycle, vacuum cleaner, vinyl record, weather vane,
windchime, zipper, star, shooting star, cloud, rainbow, tree, house, car, truck, bus, plane, ship, hat, cookie, shirt, dress, tie, belt, mask, costume, robe, fridge, sofa, lightning rod, remote, video game, smartphone, guitar, dragon egg, dinosaur egg, snowflake, seed, mushroom, song book, recipe, riddle, poem, secret door, password, robot arm, light, flame, feather pen, sundial, jukebox, washing machine, postbox, guitar pick, sock, shoe, boot, glove
""")
