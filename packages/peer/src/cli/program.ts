import { readFileSync } from 'node:fs';
import { engineNames, kvTypes, wireTypes } from '@skein/protocol';
import { Command, Option } from 'commander';
import {
  byteCount,
  decimal,
  deviceSelection,
  hostAndPort,
  integer,
  list,
  namesOf,
  span,
  tokenIds,
} from './arguments.js';
import { applyConfigFile } from './settings.js';

const { version } = JSON.parse(
  readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
) as { version: string };

/** An option that `SKEIN_<NAME>` sets as well. */
function option(flags: string, description: string): Option {
  const created = new Option(flags, description);
  return created.env(`SKEIN_${created.name().replaceAll('-', '_').toUpperCase()}`);
}

const bootstrapOption = () =>
  option('-b, --bootstrap <multiaddr...>', 'addresses of members, by comma or repeated').argParser(
    list,
  );

/** Builds the `skein` command. Each subcommand's module is loaded when it runs. */
export function createProgram(): Command {
  const program = new Command('skein')
    .description('Many machines run one large language model together.')
    .version(version)
    .exitOverride()
    .showHelpAfterError('Run with --help for the options.')
    .addHelpText(
      'after',
      examples('', [
        'skein demo',
        'skein peer --model tiny-tales',
        'skein status --bootstrap <address>',
      ]),
    );
  addPeerCommand(program);
  addBootstrapCommand(program);
  addGenerateCommand(program);
  addChatCommand(program);
  addServeCommand(program);
  addEvaluateCommand(program);
  addStatusCommand(program);
  addDashboardCommand(program);
  addDoctorCommand(program);
  addBenchCommand(program);
  addDemoCommand(program);
  for (const command of program.commands) {
    command
      .exitOverride()
      .addOption(new Option('--json', 'print one JSON object a line').default(false))
      .addOption(new Option('--config <file>', 'read settings from this TOML file'))
      .hook('preAction', (_parent, action) => applyConfigFile(action));
  }
  return program;
}

function addPeerCommand(program: Command): void {
  program
    .command('peer')
    .description('Host blocks of a model for the swarm.')
    .addOption(
      option('-m, --model <model>', 'folder, .gguf file, alias or hub id').makeOptionMandatory(),
    )
    .addOption(option('--model-name <name>', 'announce the model under this name'))
    .addOption(option('--blocks <start:end>', 'host exactly these blocks').argParser(span))
    .addOption(
      option('--num-blocks <count>', 'host this many blocks at most, where the swarm is weakest')
        .argParser(integer(1))
        .conflicts('blocks'),
    )
    .addOption(
      option(
        '--rebalance-interval <seconds>',
        'look this often, in the mean, for blocks that need this peer more ' +
          '(default: 120; never with --blocks)',
      ).argParser(integer(1)),
    )
    .addOption(new Option('--no-rebalance', 'stay on the blocks that it begins with'))
    .addOption(bootstrapOption())
    .addOption(
      option('--listen <multiaddr...>', 'listen here')
        .argParser(list)
        .default(undefined, '/ip4/0.0.0.0/tcp/0 and a WebSocket port'),
    )
    .addOption(option('--announce <multiaddr...>', 'tell others these addresses').argParser(list))
    .addOption(option('--identity <file>', 'key file; made when missing'))
    .addOption(option('--name <name>', 'what people call this peer'))
    .addOption(
      option('--dtype <type>', 'weights in memory')
        .choices(['keep', 'f32', 'f16', 'bf16', 'q8_0', 'q4_0'])
        .default('keep'),
    )
    .addOption(option('--kv-type <type>', 'element type of the KV cache').choices(kvTypes))
    .addOption(option('--kv-tokens <count>', 'tokens to cache at most').argParser(integer(1)))
    .addOption(
      option('--engine <engine>', 'what computes the blocks').choices(engineNames).default('ggml'),
    )
    .addOption(deviceOption())
    .addOption(deviceMemoryOption())
    .addOption(deviceBlocksOption())
    .addOption(
      option(
        '--share-weights',
        'on the CPU: peers of one machine share the model’s file in memory',
      ),
    )
    .addOption(option('--threads <count>', 'compute threads').argParser(integer(1)))
    .addOption(
      option('--drain-timeout <seconds>', 'wait so long for sessions to move when stopping')
        .argParser(decimal(0, 86_400))
        .default(undefined, '30'),
    )
    .addOption(
      option('--http <host:port>', 'serve health, the page and metrics here').argParser(
        hostAndPort,
      ),
    )
    .addOption(option('--history <folder>', 'with --http: keep history here, not in memory only'))
    .addOption(showAddressesOption())
    .addOption(pageOption())
    .addHelpText(
      'after',
      examples('peer', [
        'skein peer --model tiny-tales',
        'skein peer --model ./Qwen3-8B --blocks 0:18 --dtype q8_0',
        'skein peer --model qwen3-8b-q4_0.gguf --num-blocks 12 --bootstrap /ip4/203.0.113.7/tcp/4001/p2p/12D3Koo…',
      ]),
    )
    .action(async (options) => (await import('./commands/peer.js')).runPeer(options));
}

function addBootstrapCommand(program: Command): void {
  program
    .command('bootstrap')
    .description('Run a meeting point: a node that hosts no blocks.')
    .addOption(bootstrapOption())
    .addOption(option('--listen <multiaddr...>', 'listen here').argParser(list))
    .addOption(option('--identity <file>', 'key file; made when missing'))
    .addHelpText('after', examples('bootstrap', ['skein bootstrap --listen /ip4/0.0.0.0/tcp/4001']))
    .action(async (options) => (await import('./commands/bootstrap.js')).runBootstrap(options));
}

/** Options of all commands that generate. */
function withGenerationOptions(command: Command): Command {
  return command
    .addOption(
      option('-m, --model <name>', 'name or hash; not needed when the swarm has one model'),
    )
    .addOption(bootstrapOption().makeOptionMandatory())
    .addOption(
      option('-n, --max-tokens <count>', 'tokens to generate at most').argParser(integer(1)),
    )
    .addOption(option('-t, --temperature <number>', '0 is greedy').argParser(decimal(0, 10)))
    .addOption(option('--top-k <count>', 'sample among the k best; 0: all').argParser(integer(0)))
    .addOption(
      option('--top-p <number>', 'sample among the best that sum to p').argParser(decimal(0, 1)),
    )
    .addOption(
      option('--min-p <number>', 'drop tokens below this share of the best').argParser(
        decimal(0, 1),
      ),
    )
    .addOption(option('--repetition-penalty <number>', '1 is none').argParser(decimal(0.01, 10)))
    .addOption(option('--presence-penalty <number>', '0 is none').argParser(decimal(-2, 2)))
    .addOption(option('--frequency-penalty <number>', '0 is none').argParser(decimal(-2, 2)))
    .addOption(option('--seed <number>', 'same seed, same text').argParser(integer(0)))
    .addOption(
      option('--wire-type <type>', 'activations on the wire; default: as the model wants').choices(
        wireTypes,
      ),
    )
    .addOption(option('--standby', 'keep a second peer in step with each hop').default(false))
    .addOption(
      option(
        '--mixed-numerics',
        'take peers that compute in different ways into one route',
      ).default(false),
    );
}

function addGenerateCommand(program: Command): void {
  withGenerationOptions(program.command('generate'))
    .description('Generate text through the swarm.')
    .addOption(option('-p, --prompt <text>', 'continue this, or answer it if the model chats'))
    .addOption(option('--raw', 'do not wrap the prompt in the chat template').default(false))
    .addOption(
      option('--prompt-tokens <ids>', 'the prompt as token ids')
        .argParser(tokenIds)
        .conflicts('prompt'),
    )
    .addOption(option('--stop <text...>', 'end before this text'))
    .addOption(option('--ignore-eos', 'go on past the end token').default(false))
    .addOption(option('--no-run-ahead', 'let the peers wait for each token to be drawn here'))
    .addOption(
      option('--logits [count]', 'print the best logits of each token')
        .argParser(integer(1))
        .preset(5),
    )
    .addHelpText(
      'after',
      examples('generate', [
        'skein generate --bootstrap <address> --prompt "a story about a fox and a lost key"',
        'skein generate --bootstrap <address> --model tiny-tales --prompt-tokens 1,2,3 --temperature 0 --json',
      ]),
    )
    .action(async (options) => (await import('./commands/generate.js')).runGenerate(options));
}

function addChatCommand(program: Command): void {
  withGenerationOptions(program.command('chat'))
    .description('Talk with a model of the swarm.')
    .addOption(option('--system <text>', 'a system message'))
    .addHelpText('after', examples('chat', ['skein chat --bootstrap <address>']))
    .action(async (options) => (await import('./commands/chat.js')).runChat(options));
}

function addServeCommand(program: Command): void {
  program
    .command('serve')
    .description('Serve the models of the swarm over an OpenAI-compatible API.')
    .addOption(
      option(
        '-m, --model <alias...>',
        'name, alias=model, or alias=model*3+other*1 to divide callers; all models by default',
      ).argParser(list),
    )
    .addOption(bootstrapOption().makeOptionMandatory())
    .addOption(option('--host <host>', 'listen here; others need a key').default('127.0.0.1'))
    .addOption(
      option('--port <port>', '0 is any free port').argParser(integer(0, 65_535)).default(8080),
    )
    .addOption(option('--api-key <key>', 'callers must present this key'))
    .addOption(option('--keys <file>', 'keys with quotas, as TOML or JSON'))
    .addOption(
      option('--cors <origin...>', 'pages of these origins may ask; * is any').argParser(list),
    )
    .addOption(new Option('--no-chat', 'serve no chat page'))
    .addOption(option('--concurrency <count>', 'generations at once').argParser(integer(1, 192)))
    .addOption(
      option('--kept-sessions <count>', 'idle sessions kept for their prefix').argParser(
        integer(0, 64),
      ),
    )
    .addOption(
      option('--response-cache <MiB>', 'keep answers to greedy and seeded requests').argParser(
        integer(1),
      ),
    )
    .addOption(
      option('--response-cache-age <seconds>', 'and drop them after so long').argParser(integer(1)),
    )
    .addOption(new Option('--dashboard', 'serve the swarm’s health, also where others can read it'))
    .addOption(new Option('--no-dashboard', 'do not; default: on localhost only'))
    .addOption(option('--history <folder>', 'keep its history here, not in memory only'))
    .addOption(showAddressesOption())
    .addOption(pageOption())
    .addHelpText(
      'after',
      examples('serve', [
        'skein serve --bootstrap <address>',
        'skein serve --bootstrap <address> --host 0.0.0.0 --port 8000 --keys keys.toml',
        'skein serve --bootstrap <address> --model gpt-4o-mini=tiny-tales',
      ]),
    )
    .action(async (options) => (await import('./commands/serve.js')).runServe(options));
}

function addEvaluateCommand(program: Command): void {
  program
    .command('evaluate')
    .description('Measure perplexity and accuracy of a model over a JSONL file.')
    .argument('<file>', 'one item a line: {"text"} or {"prompt", "choices", "answer"}')
    .addOption(
      option('-m, --model <name>', 'name or hash; not needed when the swarm has one model'),
    )
    .addOption(bootstrapOption().makeOptionMandatory())
    .addOption(option('--concurrency <count>', 'items at once').argParser(integer(1, 192)))
    .addOption(option('--limit <count>', 'only the first items').argParser(integer(1)))
    .addOption(option('--progress <file>', 'keep results here, and go on from those it has'))
    .addOption(
      option('--wire-type <type>', 'activations on the wire; default: as the model wants').choices(
        wireTypes,
      ),
    )
    .addHelpText(
      'after',
      examples('evaluate', [
        'skein evaluate stories.jsonl --bootstrap <address>',
        'skein evaluate questions.jsonl --bootstrap <address> --progress questions.progress --json',
      ]) +
        `\n\nLines of the file:
  {"text": "Once upon a time there was a fox."}
  {"prompt": "The fox lived in a", "choices": [" cave", " teapot"], "answer": 0}
  {"messages": [{"role": "user", "content": "…"}], "choices": ["yes", "no"], "answer": 1}`,
    )
    .action(async (path, options) =>
      (await import('./commands/evaluate.js')).runEvaluate(path, options),
    );
}

function addStatusCommand(program: Command): void {
  program
    .command('status')
    .description('Show who hosts what, and where the swarm is weak.')
    .addOption(option('-m, --model <name>', 'only this model'))
    .addOption(bootstrapOption().makeOptionMandatory())
    .addOption(option('--watch', 'show changes until interrupted').default(false))
    .addHelpText('after', examples('status', ['skein status --bootstrap <address> --watch']))
    .action(async (options) => (await import('./commands/status.js')).runStatus(options));
}

function addDashboardCommand(program: Command): void {
  program
    .command('dashboard')
    .description('Watch the health of a swarm on a page, as JSON, and as metrics.')
    .addOption(bootstrapOption().makeOptionMandatory())
    .addOption(option('--host <host>', 'listen here').default('127.0.0.1'))
    .addOption(
      option('--port <port>', '0 is any free port').argParser(integer(0, 65_535)).default(8090),
    )
    .addOption(
      option('--history <folder>', 'keep history here').default(undefined, 'a folder of its own'),
    )
    .addOption(new Option('--no-history', 'keep history in memory only'))
    .addOption(showAddressesOption())
    .addOption(pageOption())
    .addHelpText(
      'after',
      examples('dashboard', [
        'skein dashboard --bootstrap <address>',
        'skein dashboard --bootstrap <address> --host 0.0.0.0 --port 80',
      ]),
    )
    .action(async (options) => (await import('./commands/dashboard.js')).runDashboard(options));
}

const showAddressesOption = () =>
  option('--show-addresses', "show the addresses of all peers, not only this node's").default(
    false,
  );

const deviceOption = () =>
  option('--device <device>', 'auto, cpu, cuda, vulkan, metal; cuda:1 is one of several')
    .argParser(deviceSelection)
    .default({ device: 'auto' }, 'auto');

const deviceMemoryOption = () =>
  option('--device-memory <bytes>', 'of each device, like 6G; the CPU takes the rest').argParser(
    byteCount,
  );

const deviceBlocksOption = () =>
  option('--device-blocks <count>', 'blocks on devices at most, the rest on the CPU').argParser(
    integer(0),
  );

const pageOption = () =>
  option('--page <folder>', 'the built page, if not the one that came along');

function addDoctorCommand(program: Command): void {
  program
    .command('doctor')
    .description('Show what this machine can compute on, and what is missing for more.')
    .addHelpText('after', examples('doctor', ['skein doctor', 'skein doctor --json']))
    .action(async (options) =>
      (await import('./commands/doctor.js')).runDoctor({ ...options, version }),
    );
}

function addBenchCommand(program: Command): void {
  program
    .command('bench')
    .description('Measure what this machine gives a swarm, and how far some peers are.')
    .addOption(
      option('-m, --model <model>', 'folder, .gguf file, alias or hub id').default('tiny-tales'),
    )
    .addOption(option('--blocks <start:end>', 'only these blocks; all by default').argParser(span))
    .addOption(
      option('--engine <engine,…>', 'what computes the blocks, in turns')
        .argParser(namesOf(engineNames))
        .default(['ggml'], 'ggml'),
    )
    .addOption(deviceOption())
    .addOption(deviceMemoryOption())
    .addOption(deviceBlocksOption())
    .addOption(
      option('--dtype <type>', 'weights in memory')
        .choices(['keep', 'f32', 'f16', 'bf16', 'q8_0', 'q4_0'])
        .default('keep'),
    )
    .addOption(
      option('--kv-type <type>', 'element type of the KV cache').choices(kvTypes).default('f16'),
    )
    .addOption(option('--threads <count>', 'compute threads').argParser(integer(1)))
    .addOption(
      option('--rounds <count>', 'rounds, of which the fastest counts')
        .argParser(integer(1, 1_000))
        .default(5),
    )
    .addOption(
      option('--against <multiaddr...>', 'measure messages to these peers and back').argParser(
        list,
      ),
    )
    .addOption(option('--out <file>', 'write the results here, one JSON object a line'))
    .addHelpText(
      'after',
      examples('bench', [
        'skein bench',
        'skein bench --model ./Qwen3-8B --blocks 0:4 --dtype q8_0 --out bench.jsonl',
        'skein bench --engine ggml,tfjs --against /ip4/203.0.113.7/tcp/4001/p2p/12D3Koo…',
      ]),
    )
    .action(async (options) => (await import('./commands/bench.js')).runBench(options));
}

function addDemoCommand(program: Command): void {
  program
    .command('demo')
    .description('A swarm on this machine: it tells a story, loses a peer, and goes on.')
    .addOption(
      option('-p, --prompt <text>', 'what to tell').default(
        'Tell me a story about a fox and a lost key.',
      ),
    )
    .addOption(option('--seed <number>', 'same seed, same story').argParser(integer(0)).default(2))
    .addOption(
      option('-t, --temperature <number>', '0 is greedy').argParser(decimal(0, 10)).default(0.5),
    )
    .addOption(
      option('-n, --max-tokens <count>', 'tokens at most').argParser(integer(2)).default(320),
    )
    .addHelpText(
      'after',
      examples('demo', ['skein demo --prompt "a story about an owl and a broken clock"']),
    )
    .action(async (options) => (await import('./commands/demo.js')).runDemo(options));
}

function examples(name: string, lines: readonly string[]): string {
  const title = name === '' ? 'Start here:' : 'Examples:';
  return `\n${title}\n${lines.map((line) => `  ${line}`).join('\n')}`;
}
