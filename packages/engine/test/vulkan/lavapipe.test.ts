import { fileURLToPath } from 'node:url';
import { createEngine } from '@skein/engine';
import type { Engine, EngineOptions, Span } from '@skein/protocol';
import { beforeAll, describe, expect, it } from 'vitest';
import { findLibraries } from '../../src/ggml/library-discovery.js';
import {
  createItem,
  fullLogits,
  logitsOf,
  noOutput,
  openSession,
  run,
  withEngine,
} from '../support/engines.js';
import { useLavapipe, whyNoVulkan } from '../support/lavapipe.js';
import { argmax, relativeError } from '../support/numbers.js';

// Compiling shaders for a CPU takes up to minutes the first time. So there is one model, of the shape that
// the self-test has compiled for, and steps have many rows or one: each number between has shaders
// of its own.
const compileMsMax = 600_000;

/** Vulkan multiplies f32 in f16 where the device has it; 3.5e-3 was measured. */
const tolerance = 1e-2;

const modelPath = fileURLToPath(new URL('../../../../models/tiny-tales', import.meta.url));

const options: EngineOptions = {
  modelPath,
  span: { start: 0, end: 8 },
  ends: { embedding: true, head: true },
  weightType: 'f32',
  device: 'vulkan',
  threads: 1,
  kvType: 'f16',
  kvTokensMax: 1024,
};

/** As many rows as in the self-test: over 32 there are shaders for larger tiles. */
const prompt = Int32Array.from({ length: 16 }, (_, index) => 6 + ((index * 53 + 7) % 89));
const generatedCount = 6;

/** Logits of the last row of the prompt and of each token after it, and the tokens. */
async function generate(engine: Engine) {
  const session = openSession(engine);
  const logits: Float32Array[] = [];
  const tokens: number[] = [];
  let input = prompt;
  for (let step = 0; step < generatedCount; step += 1) {
    const output = logitsOf(
      await run(engine, createItem(engine, session, input, fullLogits('last'))),
    );
    logits.push(output.logits);
    const token = argmax(output.logits);
    tokens.push(token);
    input = Int32Array.of(token);
  }
  engine.closeSession(session);
  return { logits, tokens };
}

let onCpu: Awaited<ReturnType<typeof generate>>;

function expectLikeCpu(found: Awaited<ReturnType<typeof generate>>): void {
  expect(found.tokens).toEqual(onCpu.tokens);
  for (const [step, logits] of found.logits.entries()) {
    expect(relativeError(logits, onCpu.logits[step] as Float32Array)).toBeLessThan(tolerance);
  }
}

const placesOf = ({ info }: Engine): readonly (readonly [string, Span])[] =>
  (info.placements ?? []).map(({ device, span }) => [device, span] as const);

if (whyNoVulkan !== null) console.log(`Vulkan: ${whyNoVulkan}`);
else useLavapipe(2);

describe.skipIf(whyNoVulkan !== null)('blocks on Vulkan', { timeout: compileMsMax }, () => {
  beforeAll(async () => {
    // One build of ggml for both: two do not fit into a process.
    const [libraries] = findLibraries('vulkan');
    process.env.SKEIN_GGML_LIBRARIES = libraries?.folder;
    onCpu = await withEngine({ ...options, device: 'cpu' }, generate);
  });

  it('give on one device what they give on the CPU', async () => {
    await withEngine({ ...options, deviceIndex: 0 }, async (engine) => {
      expect(engine.info).toMatchObject({ device: 'vulkan' });
      expect(placesOf(engine)).toEqual([['Vulkan0', { start: 0, end: 8 }]]);
      expectLikeCpu(await generate(engine));
    });
  });

  it('are divided among all devices of the kind', async () => {
    await withEngine(options, async (engine) => {
      expect(placesOf(engine).map(([device]) => device)).toEqual(['Vulkan0', 'Vulkan1']);
      expect(engine.info.description).toMatch(/^ggml \S+ Vulkan0 0:[345], Vulkan1 [345]:8$/);
      expectLikeCpu(await generate(engine));
    });
  });

  it('that do not fit into the memory of a device are computed on the CPU', async () => {
    // Room for the head, and for some blocks of 2.9 MB with their caches.
    const deviceMemoryBytes = 16_000_000;
    await withEngine({ ...options, deviceIndex: 1, deviceMemoryBytes }, async (engine) => {
      const [[first, cpuSpan], [second]] = placesOf(engine) as [[string, Span], [string, Span]];
      expect([first, second]).toEqual(['CPU', 'Vulkan1']);
      expect(cpuSpan.end).toBeGreaterThan(0);
      expect(cpuSpan.end).toBeLessThan(8);
      expectLikeCpu(await generate(engine));
    });
  });

  it('are limited to a number, and pass from the CPU over two devices', async () => {
    await withEngine({ ...options, deviceBlocksMax: 5 }, async (engine) => {
      expect(placesOf(engine).map(([device]) => device)).toEqual(['CPU', 'Vulkan0', 'Vulkan1']);
      expect(placesOf(engine)[0]?.[1]).toEqual({ start: 0, end: 3 });
      expectLikeCpu(await generate(engine));
    });
  });

  it('give their caches to blocks on the CPU, and take them from there', async () => {
    for (const [from, to] of [
      ['vulkan', 'cpu'],
      ['cpu', 'vulkan'],
    ] as const) {
      await withEngine({ ...options, device: from }, async (source) => {
        await withEngine({ ...options, device: to }, async (target) => {
          const [left, entered] = [openSession(source), openSession(target)];
          await run(source, createItem(source, left, prompt, noOutput));
          for (let block = 0; block < options.span.end; block += 1) {
            const chunk = await source.exportKv(left, { block, start: 0, end: prompt.length });
            await target.importKv(entered, chunk);
          }
          await target.setLength(entered, prompt.length);
          const next = Int32Array.of(onCpu.tokens[0] as number);
          const item = createItem(target, entered, next, fullLogits('last'));
          const { logits } = logitsOf(await run(target, item));
          expect(relativeError(logits, onCpu.logits[1] as Float32Array)).toBeLessThan(tolerance);
        });
      });
    }
  });

  it('repeat rows one by one with the bits that each had alone', async () => {
    await withEngine({ ...options, deviceIndex: 0 }, async (engine) => {
      const tokens = prompt.slice(0, 12);
      const output = { kind: 'hidden', type: 'f16' } as const;
      const use = { ...engine.info, ends: { embedding: true, head: false } };
      const [single, together] = [openSession(engine, use), openSession(engine, use)];
      const alone: number[] = [];
      for (const token of tokens) {
        const item = createItem(engine, single, Int32Array.of(token), output);
        const hidden = await run(engine, item);
        if (hidden.kind === 'hidden') alone.push(...hidden.bytes);
      }
      const item = { ...createItem(engine, together, tokens, output), rowByRow: true };
      const hidden = await run(engine, item);
      expect(hidden.kind === 'hidden' && [...hidden.bytes]).toEqual(alone);
    });
  });

  it('say which device there is not', async () => {
    await expect(withEngine({ ...options, deviceIndex: 7 }, generate)).rejects.toMatchObject({
      code: 'bad-configuration',
      message: expect.stringMatching(/no device vulkan:7 here.*vulkan:0 \(llvmpipe/) as string,
    });
  });

  it('are what auto takes, in a process of its own', async () => {
    delete process.env.SKEIN_GGML_LIBRARIES;
    const engine = await createEngine({ ...options, device: 'auto' });
    expect(engine.info.device).toBe('vulkan');
    expectLikeCpu(await generate(engine));
    await engine.stop();
  });
});
