/** Addresses that a link of an answer may have; null for all others. */
export function safeLink(href: string): string | null {
  // A relative address would lead into the gateway.
  if (!/^(https?:\/\/|mailto:)/i.test(href.trim())) return null;
  try {
    return new URL(href).href;
  } catch {
    return null;
  }
}
