import type { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';

/** A moment of a shutdown: the server takes no new work; then, shortly before it cuts what still runs, the deadline. */
export type DrainPhase = 'draining' | 'deadline';

/** Tells those who listen how far the shutdown of one server has come. */
export class DrainBell {
  readonly #listeners = new Set<(phase: DrainPhase) => void>();
  #phase: DrainPhase | null = null;

  get phase(): DrainPhase | null {
    return this.#phase;
  }

  ring(phase: DrainPhase): void {
    this.#phase = phase;
    for (const listener of [...this.#listeners]) listener(phase);
  }

  /** Late listeners are told at once. */
  add(listener: (phase: DrainPhase) => void): void {
    this.#listeners.add(listener);
    if (this.#phase !== null) listener(this.#phase);
  }

  remove(listener: (phase: DrainPhase) => void): void {
    this.#listeners.delete(listener);
  }
}

const bells = new WeakMap<Socket, DrainBell>();

/** Lets what happens on `socket` hear the bell of its server. */
export function hangBell(socket: Socket, bell: DrainBell): void {
  bells.set(socket, bell);
}

/** Listens to the shutdown of the server behind `socket` until `lifetime` (a response, a socket) closes. */
export function onDrain(socket: Socket, lifetime: EventEmitter, listener: (phase: DrainPhase) => void): void {
  const bell = bells.get(socket);
  // A listener that startServer did not start is never drained.
  if (bell === undefined) return;
  lifetime.once('close', () => {
    bell.remove(listener);
  });
  bell.add(listener);
}
