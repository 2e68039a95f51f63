import { SkeinError } from '@skein/protocol';
import { chatTemplateLimits } from './chat-template-limits.js';
import {
  type CallNode,
  Environment,
  Interpreter,
  isMethodCall,
  type JinjaNode,
  type JinjaValue,
} from './jinja-parts.js';
import { requireFewParts, stripCharacters } from './string-methods.js';
import { ValueWeights } from './value-weights.js';

/** Characters, and items of a list, whose handling costs about as much as evaluating a node. */
const charactersPerWork = 64;
const itemsPerWork = 16;
/** The clock is read once in so many units of work. */
const workPerClockReading = 256;

/** Stands for a value that has been evaluated already. */
interface KnownNode extends JinjaNode {
  readonly type: 'Known';
  readonly known: JinjaValue;
}

/**
 * Jinja with a budget. Every value in between passes through `evaluate`, where its size is checked
 * and its handling counted. A single operation may overshoot once before it is seen: then the
 * JavaScript engine's own limit on strings (about 2^29 characters) holds.
 */
export class BoundedInterpreter extends Interpreter {
  readonly #now: () => number;
  readonly #deadline: number;
  readonly #weights = new ValueWeights();
  #workLeft: number = chatTemplateLimits.workMax;
  #workAtNextReading = chatTemplateLimits.workMax - workPerClockReading;

  /** @param options.now milliseconds of a monotonic clock */
  constructor(environment: Environment, options: { now: () => number }) {
    super(environment);
    this.#now = options.now;
    this.#deadline = options.now() + chatTemplateLimits.elapsedMsMax;
  }

  /** Renders a program. @throws SkeinError `limit-exceeded`, or what the template throws */
  render(program: JinjaNode): string {
    return String(this.run(program).value);
  }

  override evaluate(node: JinjaNode | undefined, environment: Environment): JinjaValue {
    if (isKnown(node)) return node.known;
    this.#spend(1);
    const value = isMethodCall(node)
      ? this.#callMethod(node, environment)
      : super.evaluate(node, environment);
    this.#check(value);
    return value;
  }

  /** Mends and bounds methods of strings; see `string-methods.ts`. */
  #callMethod(node: CallNode, environment: Environment): JinjaValue {
    const object = this.evaluate(node.callee.object, environment);
    const known: KnownNode = { type: 'Known', known: object };
    const callWith = (args: readonly JinjaNode[]) => {
      const call: CallNode = { ...node, args, callee: { ...node.callee, object: known } };
      return super.evaluate(call, environment);
    };
    const [first] = node.args;
    const isPlain = first === undefined || !isUnpacking(first);
    if (typeof object.value !== 'string' || !isPlain) return callWith(node.args);
    const argument = first === undefined ? null : this.evaluate(first, environment);
    const text = argument?.value ?? null;
    const method = node.callee.property?.value;
    if (method === 'split') {
      requireFewParts(object.value, typeof text === 'string' ? text : null);
    } else if (typeof text === 'string') {
      const stripped = stripCharacters(object.value, { method, characters: text });
      if (stripped !== null) return new Environment().set('stripped', stripped);
    }
    if (argument === null) return callWith(node.args);
    const knownArgument: KnownNode = { type: 'Known', known: argument };
    return callWith([knownArgument, ...node.args.slice(1)]);
  }

  #check(value: JinjaValue): void {
    const weight = this.#weights.of(value);
    const { textCharactersMax, itemsMax } = chatTemplateLimits;
    if (weight > textCharactersMax)
      throw exceeded(`a value of over ${textCharactersMax} characters`);
    const content = value.value;
    if (typeof content === 'string') this.#spend(Math.floor(content.length / charactersPerWork));
    const count = Array.isArray(content)
      ? content.length
      : content instanceof Map
        ? content.size
        : 0;
    if (count > itemsMax) throw exceeded(`a list of over ${itemsMax} items`);
    this.#spend(Math.floor(count / itemsPerWork));
  }

  #spend(work: number): void {
    this.#workLeft -= work;
    if (this.#workLeft < 0) throw exceeded(`more than ${chatTemplateLimits.workMax} steps`);
    if (this.#workLeft > this.#workAtNextReading) return;
    this.#workAtNextReading = this.#workLeft - workPerClockReading;
    if (this.#now() <= this.#deadline) return;
    throw exceeded(`more than ${chatTemplateLimits.elapsedMsMax} ms`);
  }
}

function isKnown(node: JinjaNode | undefined): node is KnownNode {
  return node?.type === 'Known';
}

/** Whether an argument is a keyword's or stands for several. */
function isUnpacking(node: JinjaNode): boolean {
  return /Keyword|Spread/.test(node.type);
}

function exceeded(what: string): SkeinError {
  return new SkeinError('limit-exceeded', `the chat template takes ${what}`);
}
