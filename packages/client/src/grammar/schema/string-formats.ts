/**
 * String formats as patterns, each a part of what the format allows: everything that matches is
 * valid. Dates leave out the 29th of February, times leap seconds, addresses the rarer forms.
 */
const date =
  '[0-9]{4}-(?:(?:0[1-9]|1[0-2])-(?:0[1-9]|1[0-9]|2[0-8])|(?:0[13-9]|1[0-2])-(?:29|30)|(?:0[13578]|1[02])-31)';
const time =
  '(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\\.[0-9]{1,6})?(?:Z|[+-](?:0[0-9]|1[0-3]):[0-5][0-9])';
const byte = '(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])';
const label = '[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?';

export const stringFormats: ReadonlyMap<string, string> = new Map([
  ['date', date],
  ['time', time],
  ['date-time', `${date}T${time}`],
  ['uuid', '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}'],
  ['ipv4', `(?:${byte}\\.){3}${byte}`],
  ['hostname', `${label}(?:\\.${label}){0,3}`],
  ['email', `[a-z0-9]{1,24}(?:[._+-][a-z0-9]{1,24}){0,2}@${label}(?:\\.${label}){1,3}`],
]);
