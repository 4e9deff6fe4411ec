// Restate's side of the bench: a workflow of ten durable steps that do nothing.
//
// Started by the bench in the folder where the SDK is installed. Listens on 127.0.0.1 and says where on its first line.

import { once } from "node:events";
import { createServer } from "node:http2";
import { createRequire } from "node:module";

const restate = createRequire(`${process.cwd()}/`)("@restatedev/restate-sdk");

const STEPS = 10;

// The SDK wants this of Node 22; Node 20 lacks it.
Promise.withResolvers ??= () => {
  const parts = {};
  parts.promise = new Promise((resolve, reject) => Object.assign(parts, { resolve, reject }));
  return parts;
};

const steps = restate.workflow({
  name: "steps",
  handlers: {
    run: async (context, input) => {
      let data = input;
      for (let number = 1; number <= STEPS; number += 1) {
        data = await context.run(`S${number}`, () => data);
      }
      return data;
    },
  },
});

const server = createServer(restate.createEndpointHandler({ services: [steps] }));
server.listen(0, "127.0.0.1");
await once(server, "listening");
console.log(`http://127.0.0.1:${server.address().port}`);
