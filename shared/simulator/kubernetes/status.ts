/** One reason why a field was refused, as in Status.details.causes. */
export interface Cause {
  readonly reason?: string
  readonly message: string
  readonly field?: string
}

/** Status.details of an error. */
export interface StatusDetails {
  readonly name?: string
  readonly group?: string
  readonly kind?: string
  readonly uid?: string
  readonly causes?: readonly Cause[]
  readonly retryAfterSeconds?: number
}

/** The object that the API server answers to a request that failed. */
export interface StatusObject {
  readonly kind: 'Status'
  readonly apiVersion: 'v1'
  readonly metadata: Record<string, never>
  readonly status: 'Failure' | 'Success'
  readonly message?: string
  readonly reason?: string
  readonly details?: StatusDetails
  readonly code?: number
}

/** Group and plural name of a resource, or group and kind where the real server says the kind. */
export interface Subject {
  readonly group: string
  readonly what: string
}

/** An answer other than success. Thrown inside the simulator, sent as its Status object. */
export class ApiError extends Error {
  readonly code: number
  readonly reason: string
  readonly details: StatusDetails | undefined

  constructor(code: number, reason: string, message: string, details?: StatusDetails) {
    super(message)
    this.name = 'ApiError'
    this.code = code
    this.reason = reason
    this.details = details
  }

  toStatus(): StatusObject {
    return {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message: this.message,
      ...(this.reason === '' ? {} : { reason: this.reason }),
      ...(this.details === undefined ? {} : { details: this.details }),
      code: this.code,
    }
  }
}

const qualified = ({ group, what }: Subject): string => (group === '' ? what : `${what}.${group}`)

function detailsOf({ group, what }: Subject, name: string): StatusDetails {
  return {
    ...(name === '' ? {} : { name }),
    ...(group === '' ? {} : { group }),
    ...(what === '' ? {} : { kind: what }),
  }
}

export const badRequest = (message: string): ApiError => new ApiError(400, 'BadRequest', message)

export const unauthorized = (): ApiError => new ApiError(401, 'Unauthorized', 'Unauthorized')

/** `what` is the plural resource name; `why` follows the colon. */
export function forbidden(subject: Subject, name: string, why: string, causes?: readonly Cause[]): ApiError {
  const object = name === '' ? qualified(subject) : `${qualified(subject)} "${name}"`
  const details = { ...detailsOf(subject, name), ...(causes === undefined ? {} : { causes }) }
  return new ApiError(403, 'Forbidden', `${object} is forbidden: ${why}`, details)
}

export const notFound = (subject: Subject, name: string): ApiError =>
  new ApiError(404, 'NotFound', `${qualified(subject)} "${name}" not found`, detailsOf(subject, name))

/** No such resource, path or subresource inside a served group. */
export const resourceUnknown = (): ApiError =>
  new ApiError(404, 'NotFound', 'the server could not find the requested resource', {})

export const methodNotAllowed = (): ApiError =>
  new ApiError(405, 'MethodNotAllowed', 'the server does not allow this method on the requested resource', {})

export const alreadyExists = (subject: Subject, name: string): ApiError =>
  new ApiError(
    409,
    'AlreadyExists',
    `${qualified(subject)} "${name}" already exists`,
    detailsOf(subject, name),
  )

export const conflict = (subject: Subject, name: string, why: string): ApiError =>
  new ApiError(
    409,
    'Conflict',
    `Operation cannot be fulfilled on ${qualified(subject)} "${name}": ${why}`,
    detailsOf(subject, name),
  )

/** The conflict of an outdated resourceVersion. */
export const staleVersion = (subject: Subject, name: string): ApiError =>
  conflict(
    subject,
    name,
    'the object has been modified; please apply your changes to the latest version and try again',
  )

export const gone = (message: string): ApiError => new ApiError(410, 'Expired', message)

export const unsupportedMediaType = (message: string): ApiError =>
  new ApiError(415, 'UnsupportedMediaType', message)

/** `what` is the kind. The message lists every cause once, as the real server's aggregate does. */
export function invalid(subject: Subject, name: string, causes: readonly Cause[]): ApiError {
  const texts = [...new Set(causes.map(cause => `${cause.field}: ${cause.message}`))]
  const why = texts.length === 1 ? texts.join('') : `[${texts.join(', ')}]`
  const message = `${qualified(subject)} "${name}" is invalid: ${why}`
  return new ApiError(422, 'Invalid', message, { ...detailsOf(subject, name), causes })
}

/** A JSON patch that is well-formed but does not apply. */
export const patchRejected = (): ApiError =>
  new ApiError(422, 'Invalid', 'the server rejected our request due to an error in our request', {})

export const internalError = (message: string): ApiError =>
  new ApiError(500, 'InternalError', `Internal error occurred: ${message}`, {
    causes: [{ message }],
  })

export const required = (field: string, detail = ''): Cause => ({
  reason: 'FieldValueRequired',
  message: detail === '' ? 'Required value' : `Required value: ${detail}`,
  field,
})

export const invalidValue = (field: string, value: unknown, detail: string): Cause => ({
  reason: 'FieldValueInvalid',
  message: `Invalid value: ${JSON.stringify(value)}: ${detail}`,
  field,
})

export const unsupportedValue = (field: string, value: unknown, supported: readonly string[]): Cause => ({
  reason: 'FieldValueNotSupported',
  message: `Unsupported value: ${JSON.stringify(value)}: supported values: ${supported.map(text => JSON.stringify(text)).join(', ')}`,
  field,
})

export const forbiddenField = (field: string, detail: string): Cause => ({
  reason: 'FieldValueForbidden',
  message: `Forbidden: ${detail}`,
  field,
})

export const duplicateValue = (field: string, value: unknown, detail = ''): Cause => ({
  reason: 'FieldValueDuplicate',
  message: `Duplicate value: ${JSON.stringify(value)}${detail === '' ? '' : `: ${detail}`}`,
  field,
})
