import { sha256 } from '../consensus/index.ts'

const adjectives = words(`
  able agile airy alert amber ample apt avid balmy blithe bold brave breezy bright brisk calm candid careful
  cheery civil clever cosy crisp curious daring deft docile eager earnest easy exact fair fleet fond frank free
  fresh frosty gallant gentle glad gleeful grand handy hardy hasty honest humble jaunty jolly keen kind lively
  loyal lucky mellow merry mild modest neat nimble noble patient placid plucky polite proud quick quiet rapid
  rosy rugged serene sharp shy silent sleek smooth snug sober solid spry steady stout sunny sure swift tame
  tender tidy trusty upbeat valiant vivid warm wary wise witty zany zesty nifty`)

const colours = words(`
  amethyst apricot aqua ash auburn azure beige blue bronze brown buff cerise cherry chestnut cobalt copper coral
  cream crimson cyan denim ebony emerald fawn flax fuchsia ginger gold green grey indigo ivory jade jet khaki
  lavender lemon lilac lime magenta mahogany maroon mauve mint navy ochre olive onyx orange peach pearl pink plum
  purple red ruby russet saffron sapphire scarlet silver teal violet white`)

const animals = words(`
  adder alpaca ant antelope badger bat bear beaver bee beetle bison boar bobcat bream buffalo bunting camel
  caribou carp cat cheetah civet cod condor coot cormorant cougar coyote crab crane cricket crow cuckoo curlew
  deer dingo dolphin dove duck eagle egret eland elk emu falcon ferret finch fox frog gannet gazelle gecko gibbon
  goat goose grouse gull hamster hare harrier hawk hedgehog heron hippo hornet horse ibex ibis iguana impala
  jackal jackdaw jaguar jay kestrel kite kiwi koala lark lemur leopard linnet lion lizard llama lobster lynx
  magpie marlin marmot marten merlin mole moose moth mouse newt ocelot orca osprey otter owl ox panda panther
  parrot pelican penguin pike plover pony puffin puma quail rabbit raven robin salmon seal shrew skink sloth
  sparrow stoat stork swan tapir tern thrush tiger toad trout turtle viper vole walrus weasel whale wolf
  wombat wren yak zebra`)

/**
 * A readable name for a member, like `brave-teal-otter`: the same everywhere for the same id, shown beside the id.
 * A help for eyes, no identifier: about one in a million for any two members to share one.
 */
export function nameOf(memberId: string): string {
  const digest = sha256(`peerage/name/${memberId}`)
  return [adjectives, colours, animals].map((list, part) => list[parseInt(digest.slice(part * 8, part * 8 + 8), 16) % list.length]).join('-')
}

function words(text: string): readonly string[] {
  return text.trim().split(/\s+/)
}
