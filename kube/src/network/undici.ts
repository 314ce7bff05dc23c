/**
 * What the client uses of undici. The index of undici also loads fetch, WebSocket, caches and mocks, which take 4 MiB of
 * memory (`npm run bench -- memory-renewer`). The version is pinned, and without one of these files
 * there is no bundle.
 */
import api from 'undici/lib/api/index.js';
import Agent from 'undici/lib/dispatcher/agent.js';
import Dispatcher from 'undici/lib/dispatcher/dispatcher.js';
import Pool from 'undici/lib/dispatcher/pool.js';
import ProxyAgent from 'undici/lib/dispatcher/proxy-agent.js';
import Socks5ProxyAgent from 'undici/lib/dispatcher/socks5-proxy-agent.js';

// As the index does.
Object.assign(Dispatcher.prototype, api);

export { Agent, type Dispatcher, Pool, ProxyAgent, Socks5ProxyAgent };
