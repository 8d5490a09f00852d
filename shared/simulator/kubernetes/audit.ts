import type { HttpRequest, Target } from './api/request.ts'
import type { User } from './objects.ts'

/** A request that was answered, as the audit sees it. */
export interface AuditedRequest {
  readonly http: HttpRequest
  readonly user: User
  readonly target: Target | undefined
  readonly status: number
  readonly body: unknown
}

export interface AuditLog {
  record(request: AuditedRequest): void
}
