/** Entry of the engine's process. Its owner is at the other end of the pipe; nobody else calls it. */
import { answerCalls } from './answer-calls.js';
import { FramePipe } from './pipe.js';

// The owner decides when the engine ends, by closing the pipe: a Ctrl-C that reaches the whole
// process group must not take the engine away from an owner that is still draining.
process.on('SIGINT', () => {});
process.on('SIGTERM', () => {});
process.title = 'skein-engine';

try {
  await answerCalls(new FramePipe());
  process.exit(0);
} catch (error) {
  // Most often the owner died while an answer was being written to it.
  process.stderr.write(`engine process: ${error instanceof Error ? error.stack : String(error)}\n`);
  process.exit(1);
}
