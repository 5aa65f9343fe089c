/** What one kind of error means on the wire: its HTTP status, its `error_code`, its short title. */
export interface ErrorKind {
  status: number;
  errorCode: string;
  title: string;
}

/** The closed list. `error_code` keeps the names that the predecessors' clients already know. */
export const errorKinds = {
  validation_failed: { status: 400, errorCode: 'VALIDATION_ERROR', title: 'The request is not valid.' },
  unauthenticated: { status: 401, errorCode: 'UNAUTHORIZED', title: 'Valid credentials are required.' },
  budget_exhausted: { status: 402, errorCode: 'BUDGET_EXHAUSTED', title: 'A budget is used up.' },
  forbidden: { status: 403, errorCode: 'FORBIDDEN', title: 'The credentials do not allow this.' },
  not_found: { status: 404, errorCode: 'NOT_FOUND', title: 'There is nothing here.' },
  method_not_allowed: { status: 405, errorCode: 'METHOD_NOT_ALLOWED', title: 'The method is not allowed here.' },
  not_acceptable: { status: 406, errorCode: 'NOT_ACCEPTABLE', title: 'No representation fits the Accept header.' },
  request_timeout: { status: 408, errorCode: 'REQUEST_TIMEOUT', title: 'The request took too long to arrive.' },
  conflict: { status: 409, errorCode: 'CONFLICT', title: 'The request conflicts with the present state.' },
  gone: { status: 410, errorCode: 'GONE', title: 'This is no longer here.' },
  payload_too_large: { status: 413, errorCode: 'PAYLOAD_TOO_LARGE', title: 'The body is too large.' },
  uri_too_long: { status: 414, errorCode: 'URI_TOO_LONG', title: 'The address is too long.' },
  unsupported_media_type: {
    status: 415,
    errorCode: 'UNSUPPORTED_MEDIA_TYPE',
    title: 'The content type is not supported.',
  },
  misdirected: { status: 421, errorCode: 'MISDIRECTED_REQUEST', title: 'This host is not served here.' },
  unprocessable: { status: 422, errorCode: 'UNPROCESSABLE', title: 'The request cannot be processed.' },
  upgrade_required: { status: 426, errorCode: 'UPGRADE_REQUIRED', title: 'This path speaks WebSocket only.' },
  rate_limited: { status: 429, errorCode: 'RATE_LIMIT_EXCEEDED', title: 'Too many requests.' },
  headers_too_large: { status: 431, errorCode: 'HEADERS_TOO_LARGE', title: 'The header fields are too large.' },
  internal: { status: 500, errorCode: 'INTERNAL', title: 'Something went wrong on our side.' },
  provider_failed: { status: 502, errorCode: 'PROVIDER_ERROR', title: 'A provider behind this service failed.' },
  bad_gateway: {
    status: 502,
    errorCode: 'BAD_GATEWAY',
    title: 'The service behind the gateway did not answer properly.',
  },
  circuit_open: { status: 503, errorCode: 'CIRCUIT_BREAKER_OPEN', title: 'The provider is resting after failures.' },
  unavailable: { status: 503, errorCode: 'SERVICE_UNAVAILABLE', title: 'The service is not available at the moment.' },
  timeout: { status: 504, errorCode: 'TIMEOUT', title: 'The answer took too long.' },
} as const satisfies Record<string, ErrorKind>;

export type ErrorCode = keyof typeof errorKinds;
