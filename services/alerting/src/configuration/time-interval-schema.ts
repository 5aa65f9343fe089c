import { z } from 'zod';
import { quoteGo } from '../labels/quote-go.ts';
import { isTimeZone, type InclusiveRange, type TimeInterval } from '../time-intervals/time-interval.ts';
import { failed, text } from './scalars.ts';

const weekdays = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday'];
const months = [
  ...['january', 'february', 'march', 'april', 'may', 'june'],
  ...['july', 'august', 'september', 'october', 'november', 'december'],
];

const clock = text.transform((written, context) => {
  if (!/^(?:(?:[01]\d|2[0-3]):[0-5]\d|24:00)$/.test(written))
    return failed(context, `couldn't parse timestamp ${written}, invalid format`);
  return Number(written.slice(0, 2)) * 60 + Number(written.slice(3));
});

const TimeRange = z
  .strictObject({ start_time: clock, end_time: clock })
  .refine(({ start_time, end_time }) => start_time < end_time, 'start time cannot be equal or greater than end time')
  .transform(({ start_time, end_time }) => ({ start: start_time, end: end_time }));

type RangeReader = (written: string) => number | null;

/** `monday`, `monday:friday` */
function range(what: string, read: RangeReader, problemOf: (range: InclusiveRange) => string | null) {
  return text.transform((written, context): InclusiveRange => {
    const [from = '', to, ...more] = written.toLowerCase().split(':');
    const first = read(from.trim());
    const last = to === undefined ? first : read(to.trim());
    if (first === null || last === null || more.length > 0) return failed(context, `${written} is not a valid ${what}`);
    const problem = problemOf({ first, last });
    return problem === null ? { first, last } : failed(context, problem);
  });
}

const whole: RangeReader = (written) => (/^-?\d{1,5}$/.test(written) ? Number(written) : null);

const weekday = range('weekday', named(weekdays, 0), ({ first, last }) =>
  first > last ? 'start day cannot be before end day' : null,
);
const month = range(
  'month',
  (written) => named(months, 1)(written) ?? whole(written),
  ({ first, last }) => {
    if (first < 1 || first > 12 || last < 1 || last > 12) return 'a month lies between 1 and 12';
    return first > last ? `end month ${months[last - 1] ?? ''} is before start month ${months[first - 1] ?? ''}` : null;
  },
);
const year = range('year', whole, ({ first, last }) =>
  first > last ? `end year ${last} is before start year ${first}` : null,
);
const dayOfMonth = range('day of the month', whole, ({ first, last }) => {
  const outside = [first, last].find((day) => day === 0 || day < -31 || day > 31);
  if (outside !== undefined) return `${outside} is not a valid day of the month: out of range`;
  if (first < 0 && last > 0) return 'end day must be negative if start day is negative';
  // In the shortest month there is: what is empty there, and there only, is let pass.
  const counted = (day: number): number => (day < 0 ? 28 + day : day);
  return counted(first) > counted(last) ? `end day ${last} is always before start day ${first}` : null;
});

function named(names: readonly string[], offset: number): RangeReader {
  return (written) => {
    const index = names.indexOf(written);
    return index === -1 ? null : index + offset;
  };
}

const location = text.refine(isTimeZone, { error: ({ input }) => `unknown time zone ${quoteGo(String(input))}` });

const Interval = z
  .strictObject({
    times: z.array(TimeRange).optional(),
    weekdays: z.array(weekday).optional(),
    days_of_month: z.array(dayOfMonth).optional(),
    months: z.array(month).optional(),
    years: z.array(year).optional(),
    location: location.optional(),
  })
  .transform(
    ({
      times = [],
      weekdays: days = [],
      days_of_month,
      months: named = [],
      years = [],
      location: place,
    }): TimeInterval => ({
      times,
      weekdays: days,
      daysOfMonth: days_of_month ?? [],
      months: named,
      years,
      location: place ?? 'UTC',
    }),
  );

/** A name for several intervals; a moment is inside if it is inside any of them. */
export const NamedIntervals = z.strictObject({
  name: text.min(1, 'missing name in time interval'),
  time_intervals: z.array(Interval),
});
