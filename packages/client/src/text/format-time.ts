const monthNames = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
] as const;
const dayNames = [
  'Sunday',
  'Monday',
  'Tuesday',
  'Wednesday',
  'Thursday',
  'Friday',
  'Saturday',
] as const;

const dayMs = 86_400_000;

/**
 * Python's `strftime` in the C locale, with the directives that chat templates use. The names are
 * English whatever the user's language, because models were trained so.
 */
export function formatTime(time: Date, format: string): string {
  return format.replace(/%(-?)([a-zA-Z%])/g, (directive, unpadded: string, letter: string) => {
    const text = directiveText(time, letter);
    if (text === null) return directive;
    return unpadded === '' ? text : text.replace(/^0+(?=\d)/, '');
  });
}

function directiveText(time: Date, letter: string): string | null {
  const twoDigits = (value: number) => String(value).padStart(2, '0');
  const hour12 = time.getHours() % 12 === 0 ? 12 : time.getHours() % 12;
  switch (letter) {
    case 'Y':
      return String(time.getFullYear());
    case 'y':
      return twoDigits(time.getFullYear() % 100);
    case 'm':
      return twoDigits(time.getMonth() + 1);
    case 'B':
      return monthNames[time.getMonth()] ?? '';
    case 'b':
      return (monthNames[time.getMonth()] ?? '').slice(0, 3);
    case 'd':
      return twoDigits(time.getDate());
    case 'A':
      return dayNames[time.getDay()] ?? '';
    case 'a':
      return (dayNames[time.getDay()] ?? '').slice(0, 3);
    case 'j':
      return String(dayOfYear(time)).padStart(3, '0');
    case 'H':
      return twoDigits(time.getHours());
    case 'I':
      return twoDigits(hour12);
    case 'p':
      return time.getHours() < 12 ? 'AM' : 'PM';
    case 'M':
      return twoDigits(time.getMinutes());
    case 'S':
      return twoDigits(time.getSeconds());
    case '%':
      return '%';
    default:
      return null;
  }
}

/** 1 for the first of January. In UTC, where every day has the same length. */
function dayOfYear(time: Date): number {
  const year = time.getFullYear();
  return (Date.UTC(year, time.getMonth(), time.getDate()) - Date.UTC(year, 0, 0)) / dayMs;
}
