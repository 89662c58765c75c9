// The one error of the development server that a person can do something about.

export type DevServerErrorCode = 'configuration' | 'port_in_use' | 'port_forbidden';

/** The server could not start. */
export class DevServerError extends Error {
  override readonly name = 'DevServerError';
  readonly code: DevServerErrorCode;

  constructor(code: DevServerErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
