import { Room } from "./room.js"

export { Room }

interface Env {
  readonly ROOMS: DurableObjectNamespace<Room>
}

/** `/rooms/<room>/docs` and `/rooms/<room>/docs/<doc>`: one Durable Object for each room. */
export default {
  async fetch(request, env): Promise<Response> {
    const [, room] = /^\/rooms\/([^/]+)\/docs(\/|$)/.exec(new URL(request.url).pathname) ?? []
    if (room === undefined) return new Response("Use /rooms/<room>/docs/<doc>\n", { status: 404 })
    return env.ROOMS.get(env.ROOMS.idFromName(room)).fetch(request)
  },
} satisfies ExportedHandler<Env>
