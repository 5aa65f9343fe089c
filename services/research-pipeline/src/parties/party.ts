import { AppError } from '@signalbox/errors';

export interface StoredParty {
  id: string;
  name: string;
  taxId: string | null;
  address: string | null;
  mergedInto: string | null;
  createdAt: Date;
  updatedAt: Date;
}

/** Another tenant's party is as absent as one that never was. */
export function noParty(): AppError {
  return new AppError('not_found', 'There is no such party.');
}
