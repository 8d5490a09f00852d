import { connect, type Socket } from 'node:net'

/** An answer, or undefined when none came in time or the connection was cut. */
export type Answer = { readonly status: number; readonly text: string } | undefined

/** Health is told once on a connection of somebody who has shown no token. */
const CLOSING = /^connection: close/im

/** Connections as an HTTP/1.1 client keeps them: one call at a time on each, a new one for a call that was given up. */
export interface Pool {
  /** True while fewer calls are under way than the pool has connections. */
  isFree(): boolean
  call(request: Buffer, timeoutMs: number): Promise<Answer>
  close(): void
}

export function createPool(port: number, size: number): Pool {
  const idle: Socket[] = []
  const all = new Set<Socket>()
  let busy = 0

  function open(): Socket {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true }).setEncoding('latin1')
    all.add(socket)
    socket.on('error', () => {}).once('close', () => all.delete(socket))
    return socket
  }

  async function call(request: Buffer, timeoutMs: number): Promise<Answer> {
    busy += 1
    const socket = idle.pop() ?? open()
    const answer = await converse(socket, request, timeoutMs)
    busy -= 1
    if (answer && !socket.destroyed && !CLOSING.test(answer.text)) idle.push(socket)
    else socket.destroy()
    return answer
  }

  return {
    isFree: () => busy < size,
    call,
    close: () => {
      for (const socket of all) socket.destroy()
    },
  }
}

function converse(socket: Socket, request: Buffer, timeoutMs: number): Promise<Answer> {
  return new Promise(resolve => {
    let received = ''
    const onData = (chunk: string): void => {
      received += chunk
      const answer = readAnswer(received)
      if (answer) end(answer)
    }
    const onClose = (): void => end(undefined)
    const timer = setTimeout(onClose, timeoutMs)
    function end(answer: Answer): void {
      clearTimeout(timer)
      socket.off('data', onData).off('close', onClose)
      resolve(answer)
    }
    socket.on('data', onData).once('close', onClose)
    socket.write(request)
  })
}

/** The response, once all of it is there. */
function readAnswer(response: string): Answer {
  const end = response.indexOf('\r\n\r\n')
  const length = /^content-length: (\d+)/im.exec(response)?.[1]
  if (end < 0 || length === undefined || response.length < end + 4 + Number(length)) return undefined
  return { status: Number(response.slice(9, 12)), text: response }
}
