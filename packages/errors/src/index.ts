export { AppError, toAppError, type AppErrorOptions, type FieldError } from './app-error.ts';
export { errorKinds, type ErrorCode, type ErrorKind } from './error-code.ts';
