import { describe, expect, it } from 'vitest';
import { useLavapipe, whyNoVulkan } from '../support/lavapipe.js';
import { withEngine, exactOptions, createItem, openSession, run, fullLogits, logitsOf } from '../support/engines.js';
import { goldenModels, readGolden } from '../support/golden.js';
import { relativeError } from '../support/numbers.js';
console.log(whyNoVulkan);
useLavapipe(Number(process.env.N ?? 1));
it('x', async () => {
  for (const name of (process.env.M ?? 'llama2-f32').split(',')) {
  const golden = readGolden(name);
  for (let i = 0; i < 2; i++) {
  const t = performance.now();
  try {
  await withEngine({...exactOptions(golden), device: 'vulkan', ...JSON.parse(process.env.O ?? '{}')}, async (engine) => {
    console.log(name, engine.info.description, engine.info.deviceName, performance.now() - t);
    const item = createItem(engine, openSession(engine), golden.prompt, fullLogits('all'));
    const logits = logitsOf(await run(engine, item));
    console.log(name, relativeError(logits.logits, golden.logits), performance.now() - t);
  });
  } catch (error) { console.log(name, 'FAILED', error.message.slice(0, 300)); break; }
  }
  }
}, 600000);
