// Money is in the words of the price table.
export { formatUsd, parseUsd, type NanoUsd } from '@signalbox/prices';
