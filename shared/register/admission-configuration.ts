/** AdmissionConfiguration (apiserver.config.k8s.io/v1), as far as it is looked at. */
export interface AdmissionConfiguration {
  readonly apiVersion: string
  readonly kind: string
  readonly plugins?: readonly AdmissionPlugin[]
}

export interface AdmissionPlugin {
  readonly name: string
  /** File with the configuration, relative to the file that names it. */
  readonly path?: string
  readonly configuration?: WebhookAdmission
}

export interface WebhookAdmission {
  readonly apiVersion: string
  readonly kind: string
  /** Absolute path, as the API server sees it. */
  readonly kubeConfigFile?: string
}

/** Kubeconfig with the credentials that an API server sends to webhooks: a user's name is the webhook's `host:port`. */
export interface WebhookUsers {
  readonly apiVersion: string
  readonly kind: string
  readonly users?: readonly { readonly name: string; readonly user: unknown }[]
}

export const WEBHOOK_PLUGIN = 'MutatingAdmissionWebhook'
const EMPTY: AdmissionConfiguration = {
  apiVersion: 'apiserver.config.k8s.io/v1',
  kind: 'AdmissionConfiguration',
}

/** The plugin of the configuration in use that ours takes the place of. */
export const findPlugin = (inUse: AdmissionConfiguration | undefined): AdmissionPlugin | undefined =>
  inUse?.plugins?.find(({ name }) => name === WEBHOOK_PLUGIN)

/** Whether an API server could read it, as far as it is looked at here. */
export const isAdmissionConfiguration = ({ plugins }: Readonly<Record<string, unknown>>): boolean =>
  isListOf(plugins, ({ name, path, configuration }) => {
    const isPath = path === undefined || typeof path === 'string'
    return typeof name === 'string' && isPath && isConfiguration(configuration)
  })

/** As isAdmissionConfiguration; of one plugin's own configuration. */
export const isConfiguration = (value: unknown): boolean =>
  value === undefined || (isFields(value) && ['string', 'undefined'].includes(typeof value['kubeConfigFile']))

/** As isAdmissionConfiguration; of the credentials. */
export const isWebhookUsers = ({ users }: Readonly<Record<string, unknown>>): boolean =>
  isListOf(users, ({ name }) => typeof name === 'string')

const isListOf = (value: unknown, isItem: (item: Readonly<Record<string, unknown>>) => boolean): boolean =>
  value === undefined || (Array.isArray(value) && value.every(item => isFields(item) && isItem(item)))

const isFields = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** The configuration in use with our plugin first; without one in use, our plugin alone. */
export function toAdmissionConfiguration(
  kubeConfigFile: string,
  inUse: AdmissionConfiguration = EMPTY,
): AdmissionConfiguration {
  const configuration = {
    apiVersion: 'apiserver.config.k8s.io/v1',
    kind: 'WebhookAdmissionConfiguration',
    ...findPlugin(inUse)?.configuration,
    kubeConfigFile,
  }
  const others = (inUse.plugins ?? []).filter(({ name }) => name !== WEBHOOK_PLUGIN)
  return { ...inUse, plugins: [{ name: WEBHOOK_PLUGIN, configuration }, ...others] }
}

/** Our user first, then those in use under other names. */
export function toWebhookUsers(hostPort: string, tokenFile: string, inUse?: WebhookUsers): WebhookUsers {
  const others = (inUse?.users ?? []).filter(({ name }) => name !== hostPort)
  return {
    apiVersion: 'v1',
    kind: 'Config',
    ...inUse,
    users: [{ name: hostPort, user: { tokenFile } }, ...others],
  }
}

/** Name under which the API server looks for a webhook's credentials: the port is always written. */
export function toHostPort(url: string): string {
  const { hostname, port } = new URL(url)
  return `${hostname}:${port || '443'}`
}
