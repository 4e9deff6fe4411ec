// A Lambda endpoint whose functions do nothing and answer their input: our tasks' counterpart of Restate's handler,
// likewise in a Node process behind HTTP. Listens on 127.0.0.1 and says where on its first line.

import { once } from "node:events";
import { createServer } from "node:http";

const server = createServer((request, response) => {
  const parts = [];
  request.on("data", (part) => parts.push(part));
  request.on("end", () => {
    const body = Buffer.concat(parts);
    response.writeHead(200, { "content-type": "application/json", "content-length": body.length });
    response.end(body);
  });
});
server.keepAliveTimeout = 0; // as long as the engine wants
server.listen(0, "127.0.0.1");
await once(server, "listening");
console.log(`http://127.0.0.1:${server.address().port}`);
