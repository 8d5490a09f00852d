import type { Span } from '../span.ts'
import { currentSpan } from '../trace.ts'

/** Group and version, namespace, resource, name and what lies below it. */
const PATH = /^(\/api\/v1|\/apis\/[^/]+\/[^/]+)(\/namespaces\/[^/]+)?(?:(\/[^/]+)(\/[^/]+)?(\/[^/]+)?)?$/

/** A path without what only one object is called, so that spans have few names: `/api/v1/nodes/{name}/status`. */
export function toPathTemplate(path: string): string {
  const [, group, namespace, resource = '', name, below = ''] = PATH.exec(path) ?? []
  if (group === undefined) return path
  return `${group}${namespace ? '/namespaces/{namespace}' : ''}${resource}${name ? '/{name}' : ''}${below}`
}

/** A request as a step of the unit that sends it: neither query, headers nor body. Undefined while no spans are exported. */
export const startSpan = (method: string, path: string, url: string, attempt: number): Span | undefined =>
  currentSpan()?.request(`${method} ${toPathTemplate(path)}`, {
    'http.request.method': method,
    'http.request.resend_count': attempt > 1 ? attempt - 1 : undefined,
    'server.address': URL.parse(url)?.hostname,
    'url.path': path,
    'url.template': toPathTemplate(path),
  })

/** @param status undefined when no answer came */
export const endSpan = (span: Span, status: number | undefined): void =>
  span.end({ 'http.response.status_code': status }, toFailure(status))

/** 404 and 409 are answers that are counted on. */
function toFailure(status: number | undefined): string | undefined {
  if (status === undefined) return 'no answer'
  return status >= 400 && status !== 404 && status !== 409 ? String(status) : undefined
}
