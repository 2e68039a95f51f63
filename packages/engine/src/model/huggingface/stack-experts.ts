import { limits } from '@skein/protocol';
import type { FoundTensor } from '../check-tensors.js';
import { corruptModel } from '../model-errors.js';

/**
 * Puts the matrices of a block's experts, which Hugging Face stores one by one, into the one tensor
 * of three dimensions that they are everywhere else. Their bytes stay where they are.
 */
export class ExpertStacks {
  private readonly stacks = new Map<string, Map<number, FoundTensor>>();

  /** Tensors of the file that were added. */
  get tensorCount(): number {
    return [...this.stacks.values()].reduce((sum, stack) => sum + stack.size, 0);
  }

  /** @param matrix under the name of the whole */
  add(matrix: FoundTensor, expert: number): void {
    const file = matrix.ranges[0]?.file ?? '';
    if (expert >= limits.expertCountMax) {
      throw corruptModel(
        file,
        `${matrix.sourceName} is of more than ${limits.expertCountMax} experts`,
      );
    }
    const stack = this.stacks.get(matrix.name) ?? new Map<number, FoundTensor>();
    if (stack.has(expert)) throw corruptModel(file, `the tensor ${matrix.sourceName} comes twice`);
    stack.set(expert, matrix);
    this.stacks.set(matrix.name, stack);
  }

  /** The whole tensors. @throws SkeinError `model-corrupt` where experts differ or one is missing */
  finish(path: string): readonly FoundTensor[] {
    return [...this.stacks].map(([name, stack]) => {
      const experts = Array.from({ length: stack.size }, (_, expert) => {
        const matrix = stack.get(expert);
        if (matrix !== undefined) return matrix;
        throw corruptModel(path, `${name} lacks expert ${expert}`);
      });
      const first = experts[0] as FoundTensor;
      const odd = experts.find(
        ({ sourceType, shape }) =>
          sourceType !== first.sourceType || shape.join() !== first.shape.join(),
      );
      if (odd !== undefined) {
        throw corruptModel(
          path,
          `${odd.sourceName} differs in shape or type from ${first.sourceName}`,
        );
      }
      return {
        ...first,
        shape: [experts.length, ...first.shape],
        byteLength: experts.length * first.byteLength,
        ranges: experts.flatMap(({ ranges }) => ranges),
      };
    });
  }
}
