// Checks a webhook as its receiver would: {"secret", "headers", "body"} on standard input.
// Exit status 0: the signature is good; 1: it is not, standard error says why.
const {createRequire} = require('module');
const {readFileSync} = require('fs');
const {Webhook} = createRequire(process.argv[2] + '/')('standardwebhooks');

const {secret, headers, body} = JSON.parse(readFileSync(0, 'utf8'));
try {
	new Webhook(secret).verify(body, headers);
} catch (error) {
	console.error(error.message);
	process.exit(1);
}
