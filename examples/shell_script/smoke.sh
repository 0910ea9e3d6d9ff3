set -eu
server=http://127.0.0.1:8969

sentryintegration serve > serve.txt &
serve=$!
trap 'kill $serve' EXIT
sentryintegration wait --ready --server "$server"

# In place of the application:
curl -sS -o answer.json "$server/api/1/envelope/" --data-binary '{}
{"type":"event"}
{"message":"smoke in the kitchen","level":"warning"}
'

# Waits up to five seconds; -f: an answer other than 200 ends the script.
curl -sSf -o found.json "$server/api/captured/messages?level=warning&wait=5"
sentryintegration wait --server "$server" --timeout 0 'messages?text=~^smoke' > found.json
echo "the smoke was reported"
