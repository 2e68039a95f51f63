import { useSignal } from '@preact/signals';
import { Icon } from './icon.js';

/** Copies a text. Browsers forbid that to pages of other machines without TLS: then there is none. */
export function CopyButton({ text, label }: { readonly text: string; readonly label: string }) {
  const isCopied = useSignal(false);
  if (navigator.clipboard === undefined) return null;
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      isCopied.value = true;
    } catch {
      // The person refused.
    }
  };
  return (
    <button
      type="button"
      class="button plain square"
      aria-label={isCopied.value ? 'Copied' : label}
      title={isCopied.value ? 'Copied' : label}
      onClick={() => void copy()}
      onBlur={() => {
        isCopied.value = false;
      }}
    >
      <Icon name={isCopied.value ? 'done' : 'copy'} />
    </button>
  );
}
