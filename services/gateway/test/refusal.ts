import { AppError, type ErrorCode } from '@signalbox/errors';

/** For `toThrow`: an `AppError` of that code, whatever it says. */
export function refusal(code: ErrorCode): { asymmetricMatch(thrown: unknown): boolean } {
  return { asymmetricMatch: (thrown) => thrown instanceof AppError && thrown.code === code };
}
