import {
  any,
  bool,
  bytes,
  int,
  intOrString,
  list,
  mapOf,
  microTime,
  object,
  optionalBool,
  optionalInt,
  optionalStr,
  quantities,
  requiredInt,
  requiredMicroTime,
  requiredStr,
  requiredTime,
  type Schema,
  selectorMap,
  str,
  stringMap,
  strings,
  struct,
  time,
} from './schema.ts'

/** Fields of a reference to any object. */
export const objectReference: Record<string, Schema> = {
  kind: str,
  namespace: str,
  name: str,
  uid: str,
  apiVersion: str,
  resourceVersion: str,
  fieldPath: str,
}

const nodeSpec = struct('NodeSpec', {
  podCIDR: str,
  podCIDRs: list(str, { merge: '' }),
  providerID: str,
  unschedulable: bool,
  taints: list(object('Taint', { key: requiredStr, value: str, effect: requiredStr, timeAdded: time })),
  configSource: any,
  externalID: str,
})

const nodeCondition = object('NodeCondition', {
  type: requiredStr,
  status: requiredStr,
  lastHeartbeatTime: requiredTime,
  lastTransitionTime: requiredTime,
  reason: str,
  message: str,
})

const nodeStatus = struct('NodeStatus', {
  capacity: quantities,
  allocatable: quantities,
  phase: str,
  conditions: list(nodeCondition, { merge: 'type', keys: ['type'] }),
  addresses: list(object('NodeAddress', { type: requiredStr, address: requiredStr }), {
    merge: 'type',
    keys: ['type'],
  }),
  daemonEndpoints: struct('NodeDaemonEndpoints', {
    kubeletEndpoint: struct('DaemonEndpoint', { Port: requiredInt }),
  }),
  nodeInfo: struct('NodeSystemInfo', {
    machineID: requiredStr,
    systemUUID: requiredStr,
    bootID: requiredStr,
    kernelVersion: requiredStr,
    osImage: requiredStr,
    containerRuntimeVersion: requiredStr,
    kubeletVersion: requiredStr,
    kubeProxyVersion: requiredStr,
    operatingSystem: requiredStr,
    architecture: requiredStr,
    swap: any,
  }),
  images: list(object('ContainerImage', { names: strings, sizeBytes: int })),
  volumesInUse: strings,
  volumesAttached: list(any),
  config: any,
  runtimeHandlers: list(any),
  features: any,
  declaredFeatures: strings,
})

/** Fields of a Node beside kind, apiVersion and metadata. */
export const node: Record<string, Schema> = { spec: nodeSpec, status: nodeStatus }

const servicePort = object('ServicePort', {
  name: str,
  protocol: str,
  appProtocol: optionalStr,
  port: requiredInt,
  targetPort: intOrString,
  nodePort: int,
})

const condition = object('Condition', {
  type: requiredStr,
  status: requiredStr,
  observedGeneration: int,
  lastTransitionTime: requiredTime,
  reason: requiredStr,
  message: requiredStr,
})
export const conditions: Schema = list(condition, { merge: 'type', keys: ['type'] })

export const service: Record<string, Schema> = {
  spec: struct('ServiceSpec', {
    ports: list(servicePort, { merge: 'port', keys: ['port', 'protocol'] }),
    selector: selectorMap,
    clusterIP: str,
    clusterIPs: strings,
    type: str,
    externalIPs: strings,
    sessionAffinity: str,
    loadBalancerIP: str,
    loadBalancerSourceRanges: strings,
    externalName: str,
    externalTrafficPolicy: str,
    healthCheckNodePort: int,
    publishNotReadyAddresses: bool,
    sessionAffinityConfig: any,
    ipFamilies: strings,
    ipFamilyPolicy: optionalStr,
    allocateLoadBalancerNodePorts: optionalBool,
    loadBalancerClass: optionalStr,
    internalTrafficPolicy: optionalStr,
    trafficDistribution: optionalStr,
  }),
  status: struct('ServiceStatus', {
    loadBalancer: struct('LoadBalancerStatus', {
      ingress: list(
        object('LoadBalancerIngress', {
          ip: str,
          hostname: str,
          ipMode: optionalStr,
          ports: list(object('PortStatus', { port: requiredInt, protocol: requiredStr, error: optionalStr })),
        }),
      ),
    }),
    conditions,
  }),
}

export const event: Record<string, Schema> = {
  involvedObject: struct('ObjectReference', objectReference),
  reason: str,
  message: str,
  source: struct('EventSource', { component: str, host: str }),
  firstTimestamp: requiredTime,
  lastTimestamp: requiredTime,
  count: int,
  type: str,
  eventTime: requiredMicroTime,
  series: any,
  action: str,
  related: object('ObjectReference', objectReference),
  reportingComponent: requiredStr,
  reportingInstance: requiredStr,
}

/** Pods only exist so that clients which list them go on; nothing runs them. */
export const pod: Record<string, Schema> = { spec: any, status: any }

export const configMap: Record<string, Schema> = {
  immutable: optionalBool,
  data: stringMap,
  binaryData: mapOf(bytes),
}

export const secret: Record<string, Schema> = {
  immutable: optionalBool,
  data: mapOf(bytes),
  stringData: stringMap,
  type: str,
}

export const serviceAccount: Record<string, Schema> = {
  secrets: list(object('ObjectReference', objectReference), { merge: 'name', keys: ['name'] }),
  imagePullSecrets: list(object('LocalObjectReference', { name: str }), { merge: 'name' }),
  automountServiceAccountToken: optionalBool,
}

export const namespace: Record<string, Schema> = {
  spec: struct('NamespaceSpec', { finalizers: strings }),
  status: struct('NamespaceStatus', { phase: str, conditions }),
}

export const lease: Record<string, Schema> = {
  spec: struct('LeaseSpec', {
    holderIdentity: optionalStr,
    leaseDurationSeconds: optionalInt,
    acquireTime: microTime,
    renewTime: microTime,
    leaseTransitions: optionalInt,
    strategy: optionalStr,
    preferredHolder: optionalStr,
  }),
}
