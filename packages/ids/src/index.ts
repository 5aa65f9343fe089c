export { isId, newId, type IdKind } from './id.ts';
