import type { TokenId } from '@skein/protocol';
import { describe, expect, it } from 'vitest';
import type { ContinueOptions, Conversation } from '../../src/client/conversation.js';
import type { GenerateOptions, GenerationEvent } from '../../src/generate/generation-types.js';
import { parseResumeToken } from '../../src/resume/resume-token.js';
import { setUpText } from '../support/text-client.js';
import { failAt } from '../support/toy-session.js';

const sampling = { temperature: 0.9, seed: 5, presencePenalty: 0.4, frequencyPenalty: 0.2 };
const request: GenerateOptions = { prompt: 'the fox and the owl', ...sampling, maxTokens: 30 };

/** Reads a generation, to its end or so many tokens of it. */
async function read(
  events: AsyncGenerator<GenerationEvent>,
  tokensMax = Number.POSITIVE_INFINITY,
): Promise<{ ids: TokenId[]; text: string; reason: string | null }> {
  const ids: TokenId[] = [];
  let text = '';
  for await (const event of events) {
    if (event.type === 'token' || event.type === 'end') text += event.text;
    if (event.type === 'end') return { ids, text, reason: event.reason };
    if (event.type === 'token') ids.push(event.id);
    if (ids.length === tokensMax) break;
  }
  return { ids, text, reason: null };
}

type Setup = ReturnType<typeof setUpText>;

/** An unbroken conversation of two turns. */
async function unbroken({ client, run }: Setup) {
  const conversation = await run(client.openSession({ model: 'toy' }));
  const first = await run(read(conversation.generate(request)));
  const second = await run(read(conversation.generate({ ...request, prompt: ' ran. ' })));
  await run(conversation.close());
  return { first, second };
}

/** The same conversation as another client has it, from text alone. */
const resume = ({ createAnother, run }: Setup, conversation: Conversation) =>
  run(createAnother().resumeSession(conversation.save()));

describe('a saved conversation', () => {
  it.each([1, 2, 17, 29])('goes on token for token, left after %i tokens', async (count) => {
    const setup = setUpText();
    const { client, run, swarm } = setup;
    const expected = await unbroken(setup);
    const conversation = await run(client.openSession({ model: 'toy' }));
    const begun = await run(read(conversation.generate(request), count));
    const resumed = await resume(setup, conversation);
    await run(conversation.close());
    const rest = await run(read(resumed.continue()));
    expect([...begun.ids, ...rest.ids]).toEqual(expected.first.ids);
    expect(begun.text + rest.text).toBe(expected.first.text);
    expect(rest.reason).toBe('length');
    const second = await run(read(resumed.generate({ ...request, prompt: ' ran. ' })));
    expect(second).toEqual(expected.second);
    await run(resumed.close());
    expect(swarm.openSessions).toBe(0);
    expect(swarm.violations).toEqual([]);
  });

  it('takes its next turn, and may be saved again before it is computed', async () => {
    const setup = setUpText();
    const { client, run } = setup;
    const { second } = await unbroken(setup);
    const conversation = await run(client.openSession({ model: 'toy' }));
    await run(read(conversation.generate(request)));
    const once = await resume(setup, conversation);
    const twice = await resume(setup, once);
    expect(twice.save()).toBe(conversation.save());
    expect(await run(read(twice.generate({ ...request, prompt: ' ran. ' })))).toEqual(second);
  });

  it('goes on when a peer is lost while it is computed again', async () => {
    const setup = setUpText();
    const { client, run, swarm } = setup;
    const { first } = await unbroken(setup);
    const conversation = await run(client.openSession({ model: 'toy' }));
    const begun = await run(read(conversation.generate(request), 11));
    const resumed = await resume(setup, conversation);
    await run(conversation.close());
    swarm.peer('b1').rules.push(failAt(12, 'kill'));
    const rest = await run(read(resumed.continue()));
    expect([...begun.ids, ...rest.ids]).toEqual(first.ids);
    expect(swarm.peer('b1').isDead).toBe(true);
  });

  it('repeats the steps in which the tokens were computed', async () => {
    const setup = setUpText();
    const { client, run, swarm } = setup;
    const conversation = await run(client.openSession({ model: 'toy', firstRows: 16 }));
    await run(read(conversation.generate(request), 6));
    const resumed = await resume(setup, conversation);
    await run(conversation.close());
    const rows: number[] = [];
    // It strikes never, and sees every step.
    swarm.peer('a1').rules.push((step) => {
      rows.push(step.end - step.position);
      return null;
    });
    const { stepEnds } = parseResumeToken(conversation.save());
    await run(read(resumed.continue(), 1));
    // The prompt's chunks, and of five generated tokens four together, row by row: the last one gives logits.
    expect(rows.slice(0, 5)).toEqual([16, 3, 4, 1, 1]);
    expect(stepEnds?.slice(0, 6)).toEqual([16, 19, 20, 21, 22, 23]);
    expect(parseResumeToken(resumed.save()).stepEnds).toEqual(
      expect.arrayContaining([...(stepEnds ?? [])]),
    );
  });

  it('keeps stop texts, and a beginning of one that was held back', async () => {
    const setup = setUpText();
    const { client, run } = setup;
    const whole = await unbroken(setup);
    const stop = [whole.first.text.slice(8, 12)];
    const conversation = await run(client.openSession({ model: 'toy' }));
    const begun = await run(read(conversation.generate({ ...request, stop }), 10));
    const resumed = await resume(setup, conversation);
    const rest = await run(read(resumed.continue()));
    const end = whole.first.text.indexOf(stop[0] as string);
    expect(begun.text + rest.text).toBe(whole.first.text.slice(0, end));
    expect(rest.reason).toBe('stop');
    const nothing = run(read(resumed.continue()));
    await expect(nothing).rejects.toMatchObject({ code: 'bad-argument' });
  });

  it('goes on within the format of its answer', async () => {
    const setup = setUpText();
    const { client, run } = setup;
    const schema = { enum: [true, false, null] };
    const responseFormat = { type: 'json-schema', schema } as const;
    const whole = await run(client.openSession({ model: 'toy' }));
    const expected = await run(read(whole.generate({ ...request, responseFormat })));
    expect(['true', 'false', 'null']).toContain(expected.text);
    const conversation = await run(client.openSession({ model: 'toy' }));
    const begun = await run(read(conversation.generate({ ...request, responseFormat }), 2));
    const resumed = await resume(setup, conversation);
    const rest = await run(read(resumed.continue()));
    expect(begun.text + rest.text).toBe(expected.text);
    expect(rest.reason).toBe('eos');
  });

  it('can be lengthened, aborted, and gone on with in the same process', async () => {
    const setup = setUpText();
    const { client, run } = setup;
    const { first } = await unbroken(setup);
    const conversation = await run(client.openSession({ model: 'toy' }));
    const go = (options: ContinueOptions = {}) => run(read(conversation.continue(options)));
    const begun = await run(read(conversation.generate({ ...request, maxTokens: 7 })));
    expect(begun.reason).toBe('length');
    await expect(go()).rejects.toMatchObject({ code: 'bad-argument' });
    expect((await go({ maxTokens: 9, signal: AbortSignal.abort() })).reason).toBe('aborted');
    const more = await go();
    const last = await go({ maxTokens: 14 });
    expect([...begun.ids, ...more.ids, ...last.ids]).toEqual(first.ids);
  });

  it('is refused where it does not fit', async () => {
    const setup = setUpText();
    const { client, createAnother, run } = setup;
    const conversation = await run(client.openSession({ model: 'toy' }));
    await run(read(conversation.generate(request)));
    const token = conversation.save();
    const short = createAnother().resumeSession(token, { tokensMax: 20 });
    await expect(run(short)).rejects.toMatchObject({ code: 'context-exceeded' });
    const nothing = createAnother().resumeSession('');
    await expect(run(nothing)).rejects.toMatchObject({ code: 'bad-argument' });
  });
});
