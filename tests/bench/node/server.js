// What one writes quickly: takes reports, parses them, stores each durably and answers then.
// Neither knows who reports nor judges anything. node server.js DATABASE PORT
'use strict';
const http = require('http');
const Database = require('better-sqlite3');

const db = new Database(process.argv[2]);
db.pragma('journal_mode = WAL');
db.pragma('synchronous = FULL');
db.exec(`CREATE TABLE report (id INTEGER PRIMARY KEY, host TEXT, sequence INTEGER, at INTEGER, body TEXT);
         CREATE INDEX report_host ON report (host, id);
         CREATE TABLE latest (host TEXT PRIMARY KEY, report_id INTEGER, at INTEGER, reached INTEGER)`);
const insert = db.prepare('INSERT INTO report (host, sequence, at, body) VALUES (?, ?, ?, ?)');
const upsert = db.prepare(`INSERT INTO latest VALUES (?, ?, ?, ?) ON CONFLICT (host) DO UPDATE SET
                           report_id = excluded.report_id, at = excluded.at, reached = excluded.reached`);
const store = db.transaction((report, text) => {
  const now = Date.now();
  const { lastInsertRowid } = insert.run(report.host.name, report.sequence, now, text);
  upsert.run(report.host.name, lastInsertRowid, now, report.probes.filter((p) => p.grade === 'mta').length);
});

const server = http.createServer((request, response) => {
  const pieces = [];
  request.on('data', (piece) => pieces.push(piece));
  request.on('end', () => {
    const text = Buffer.concat(pieces).toString();
    const report = JSON.parse(text);
    store(report, text);
    response.writeHead(200, { 'Content-Type': 'application/json' });
    response.end(JSON.stringify({ accepted: report.sequence }));
  });
});
server.keepAliveTimeout = 60000;
server.listen(Number(process.argv[3]), '127.0.0.1');
