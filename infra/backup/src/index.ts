export { backUp, type BackUpReport } from './back-up.ts';
export { rehearse } from './rehearse.ts';
export { restore, type RestoreReport } from './restore.ts';
export { UnreadableCopy } from './sealed-file.ts';
