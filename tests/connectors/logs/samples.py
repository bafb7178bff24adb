"""Lines as vendors' documentation and public projects write them, cut to what tells; people and
addresses are made up."""

from __future__ import annotations

_WATCHGUARD = (
    "LEEF:1.0|WatchGuard|XTM|12.8.2.B1|1AFF0024|serial=0#011policy=HTTPS-LAN-00#011disp=Allow#011"
    "in_if=LAN#011out_if=WAN 2#011src=10.0.0.5#011srcPort=5#011dst=203.0.113.9#011dstPort=443#011"
    "proto=tcp#011proxy_act=HTTP-Client#011op=POST#011dstname=claude.ai#011arg=/api/x?q=1#011"
    "sent_bytes=604#011rcvd_bytes=70#011src_user=anna#011msg=HTTP request"
)
_WATCHED: dict[str, object] = {
    "host": "claude.ai", "path": "/api/x", "method": "POST", "up": 604, "down": 70, "user": "anna",
    "src": "10.0.0.5", "action": "Allow",
}  # fmt: skip
# (format, header, line, expected fields)
SAMPLES: tuple[tuple[str, str, str, dict[str, object]], ...] = (
    # https://nginx.org/en/docs/http/ngx_http_log_module.html: bytes_sent goes to the client
    ("nginx-json", "",
     '{"time_local":"28/Nov/2026:10:00:00 +0000","remote_addr":"10.1.1.1","remote_user":"anna",'
     '"request":"POST /v1/chat/completions?a=b HTTP/1.1","status":"200","body_bytes_sent":"5000",'
     '"request_length":"123","http_referer":"","http_user_agent":"OpenAI/Python 1.0",'
     '"http_host":"llm.corp:8000"}',
     {"host": "llm.corp", "port": 8000, "path": "/v1/chat/completions", "method": "POST", "up": 123,
      "down": 5000, "user": "anna", "src": "10.1.1.1", "status": 200, "ua": "OpenAI/Python 1.0",
      "time": "2026-11-28T10:00:00Z"}),
    # https://kubernetes.github.io/ingress-nginx/user-guide/nginx-configuration/log-format/
    ("nginx-json", "",
     '{"time":"2026-11-28T10:00:00+00:00","remote_addr":"10.1.1.2","x-forwarded-for":"10.1.1.2",'
     '"request_id":"r","remote_user":"","bytes_sent":5000300,"body_bytes_sent":5000000,'
     '"request_time":0.1,"status":200,"vhost":"api.openai.com","request_proto":"HTTP/1.1","path":'
     '"/v1/embeddings","request_query":"","request_length":123,"duration":0.1,"method":"POST",'
     '"http_referrer":"","http_user_agent":"x"}',
     {"host": "api.openai.com", "path": "/v1/embeddings", "method": "POST", "up": 123,
      "down": 5000300, "src": "10.1.1.2", "time": "2026-11-28T10:00:00Z"}),
    ("nginx-json-short", "",
     '{"@timestamp":"2026-11-28T10:00:00Z","remote_addr":"10.1.1.3","request_method":"POST",'
     '"request_uri":"/v1/messages?x=1","uri":"/index.php","bytes_sent":900,"status":200,'
     '"host":"api.anthropic.com","sent_http_content_type":"text/event-stream"}',
     {"host": "api.anthropic.com", "path": "/v1/messages", "method": "POST", "up": 0, "down": 900,
      "media": "text/event-stream", "time": "2026-11-28T10:00:00Z"}),
    # Without escape=json a quotation mark is \\x22.
    ("nginx-json", "",
     '{"time_iso8601":"2026-11-28T10:00:00+00:00","remote_addr":"10.1.1.3","host":"claude.ai",'
     '"http_user_agent":"a\\x22b"}',
     {"host": "claude.ai", "ua": 'a"b', "time": "2026-11-28T10:00:00Z"}),
    # https://doc.traefik.io/traefik/observability/access-logs/
    ("traefik", "",
     '{"ClientAddr":"10.1.1.1:5","ClientHost":"10.1.1.1","ClientUsername":"-",'
     '"DownstreamContentSize":2000,"DownstreamStatus":200,"OriginContentSize":10,'
     '"RequestAddr":"llm.corp:8000","RequestContentSize":123,"RequestHost":"llm.corp",'
     '"RequestMethod":"POST","RequestPath":"/v1/chat/completions","RequestPort":"8000",'
     '"StartUTC":"2026-11-28T10:00:00.5Z","request_User-Agent":"x","level":"info"}',
     {"host": "llm.corp", "path": "/v1/chat/completions", "up": 123, "down": 2000, "status": 200,
      "src": "10.1.1.1", "user": "", "ua": "x", "time": "2026-11-28T10:00:00Z"}),
    # https://caddyserver.com/docs/logging
    ("caddy", "",
     '{"level":"info","ts":1764324000.5,"logger":"http.log.access","msg":"handled request",'
     '"request":{"remote_ip":"10.1.1.1","remote_port":"41342","client_ip":"10.1.1.1","proto":'
     '"HTTP/2.0","method":"POST","host":"llm.corp:8000","uri":"/v1/messages?x=1","headers":'
     '{"User-Agent":["curl/7.82.0"],"Accept":["*/*"]}},"bytes_read":123,"user_id":"",'
     '"duration":0.9,"size":10900,"status":200,"resp_headers":{"Content-Type":'
     '["text/event-stream"]}}',
     {"host": "llm.corp", "port": 8000, "path": "/v1/messages", "up": 123, "down": 10900,
      "src": "10.1.1.1", "ua": "curl/7.82.0", "media": "text/event-stream", "status": 200,
      "time": "2025-11-28T10:00:00Z"}),
    # https://istio.io/latest/docs/tasks/observability/logs/access-log/ as JSON, HTTP and TCP
    ("envoy-json", "",
     '{"authority":"api.openai.com","bytes_received":111,"bytes_sent":999,'
     '"downstream_local_address":"192.0.2.4:443","downstream_remote_address":"10.1.1.1:4000",'
     '"duration":5,"method":"POST","path":"/v1/embeddings?x=y","protocol":"HTTP/1.1",'
     '"requested_server_name":null,"response_code":200,"response_flags":"-","start_time":'
     '"2026-11-28T10:00:00.000Z","upstream_cluster":"outbound|443||api.openai.com",'
     '"upstream_host":"192.0.2.4:443","user_agent":"x","x_forwarded_for":null}',
     {"host": "api.openai.com", "path": "/v1/embeddings", "up": 111, "down": 999,
      "src": "10.1.1.1", "status": 200, "time": "2026-11-28T10:00:00Z"}),
    ("envoy-json", "",
     '{"authority":null,"bytes_received":111,"bytes_sent":999,"downstream_remote_address":'
     '"10.1.1.3:4000","duration":5,"method":null,"path":null,"requested_server_name":'
     '"api.anthropic.com","response_code":0,"response_flags":"-","start_time":'
     '"2026-11-28T10:00:00.000Z","upstream_cluster":"PassthroughCluster","upstream_host":'
     '"192.0.2.4:443"}',
     {"host": "api.anthropic.com", "path": "", "up": 111, "down": 999, "src": "10.1.1.3",
      "time": "2026-11-28T10:00:00Z"}),
    # https://wiki.squid-cache.org/Features/LogFormat
    ("squid", "",
     "1764324000.123    456 10.0.0.5 TCP_TUNNEL/200 8123 CONNECT api.openai.com:443 anna "
     "HIER_DIRECT/203.0.113.9 -",
     {"host": "api.openai.com", "port": 443, "user": "anna", "src": "10.0.0.5", "down": 8123,
      "time": "2025-11-28T10:00:00Z"}),
    ("squid", "",
     "1764324000.123    456 10.0.0.5 TCP_DENIED/403 3900 POST http://api.openai.com/v1/chat/"
     "completions?key=x - HIER_NONE/- text/html",
     {"host": "api.openai.com", "path": "/v1/chat/completions", "user": "", "status": 403}),
    # https://techdocs.broadcom.com ProxySG ELFF, W3C
    ("w3c",
     "#Software: SGOS 6.7\n#Fields: date time c-ip cs-username cs-method cs-host cs-uri-path "
     "cs(User-Agent) sc-bytes cs-bytes sc-filter-result\n",
     '2026-11-28 10:00:00 10.0.0.4 anna POST api.openai.com /v1/responses "openai-python/1.2 x" '
     "900 120 OBSERVED",
     {"host": "api.openai.com", "path": "/v1/responses", "up": 120, "down": 900, "user": "anna",
      "ua": "openai-python/1.2 x", "time": "2026-11-28T10:00:00Z"}),
    # https://help.zscaler.com/zia/nss-feed-output-format-web-logs
    ("zscaler", "",
     '{"sourcetype":"zscalernss-web","event":{"datetime":"2026-11-28 10:00:00","login":'
     '"anna@example.com","urlsupercategory":"AI and ML","appclass":"AI & ML Applications",'
     '"hostname":"claude.ai","url":"claude.ai/api/append_message?x=1","requestsize":"4096",'
     '"responsesize":"900","useragent":"Mozilla/5.0","action":"Allowed","clientip":"10.0.0.8"}}',
     {"host": "claude.ai", "path": "/api/append_message", "user": "anna@example.com", "up": 4096,
      "src": "10.0.0.8"}),
    # https://help.zscaler.com/zia/nss-feed-output-format-web-logs, as key=value behind the time
    ("zscaler", "",
     "2026-11-28 10:00:00\treason=Allowed\taction=Allowed\tresponsesize=900\trequestsize=300\t"
     "requestmethod=POST\tuseragent=Mozilla/5.0 (Windows NT 10.0) Chrome/120\tClientIP=10.0.0.5\t"
     "user=anna@example.com\turl=chatgpt.com/backend-api/conversation?x=1\thostname=chatgpt.com\t"
     "clientpublicIP=192.0.2.1\tappname=ChatGPT\turlsupercategory=X\tappclass=Y",
     {"host": "chatgpt.com", "user": "anna@example.com", "up": 300, "down": 900,
      "time": "2026-11-28T10:00:00Z"}),
    # https://help.zscaler.com/zia/nss-feed-output-format-web-logs, its sample's order of values
    ("zscaler", "",
     '"Sat Nov 28 10:00:00 2026","anna@example.com","HTTPS","chatgpt.com/backend-api/conversation",'
     '"Allowed","ChatGPT","AI & ML Applications","34567","1234","0","0","Business Use",'
     '"AI and ML Applications","Generative AI","None","None","0","None","None","Road Warrior",'
     '"Sales, EU","172.17.3.49","192.0.2.9","POST","200","Mozilla/5.0 (X11; L)","None","FwFilter",'
     '"Firewall_1","Other","None","NA","LAP1","N/A"',
     {"host": "chatgpt.com", "path": "/backend-api/conversation", "user": "anna@example.com",
      "src": "172.17.3.49", "up": 34567, "down": 1234, "method": "POST", "status": 200,
      "action": "Allowed", "app": "ChatGPT", "ua": "Mozilla/5.0 (X11; L)", "device": "LAP1",
      "time": "2026-11-28T10:00:00Z"}),
    # https://help.zscaler.com/zia/nss-feed-output-format-dns-logs
    ("zscaler-dns", "",
     '{"sourcetype":"zscalernss-dns","event":{"datetime":"Sat Nov 28 10:00:00 2026","user":'
     '"anna@example.com","reqaction":"REQ_ALLOW","resaction":"RES_ALLOW","reqrulelabel":"R",'
     '"dns_reqtype":"A","dns_req":"api.openai.com","dns_resp":"192.0.2.3","clt_sip":"10.0.0.5",'
     '"srv_dip":"8.8.8.8","devicehostname":"LAP1"}}',
     {"host": "api.openai.com", "user": "anna@example.com", "src": "10.0.0.5", "is_name": True,
      "device": "LAP1", "answers": ("192.0.2.3",), "time": "2026-11-28T10:00:00Z"}),
    ("zscaler-dns", "",
     '{"sourcetype":"zscalernss-dns","event":{"datetime":"Sat Nov 28 10:00:00 2026","user":"anna",'
     '"reqaction":"Block","resaction":"None","reqrulelabel":"R","req":"claude.ai","resp":"None",'
     '"clientip":"10.0.0.5","srvip":"8.8.8.8"}}',
     {"host": "claude.ai", "src": "10.0.0.5", "action": "Block", "is_name": True}),
    # https://help.zscaler.com/zia/nss-feed-output-format-firewall-logs
    ("zscaler-firewall", "",
     '{"sourcetype":"zscalernss-fw","event":{"datetime":"Sat Nov 28 10:00:00 2026","user":'
     '"anna@example.com","cdport":"443","csip":"10.0.0.5","cdip":"192.0.2.3","cdfqdn":'
     '"api.openai.com","action":"Allow","nwsvc":"HTTPS","nwapp":"openai","inbytes":"900",'
     '"outbytes":"300","devicehostname":"LAP1"}}',
     {"host": "api.openai.com", "src": "10.0.0.5", "user": "anna@example.com", "up": 300,
      "down": 900, "port": 443, "device": "LAP1", "time": "2026-11-28T10:00:00Z"}),
    ("zscaler-firewall",
     "datetime,user,department,cdport,csip,cdip,action,nwsvc,nwapp,proto,inbytes,outbytes\n",
     "Sat Nov 28 10:00:00 2026,anna,Eng,443,10.0.0.5,192.0.2.3,Allow,HTTPS,ChatGPT,TCP,900,300",
     {"app": "ChatGPT", "user": "anna", "up": 300, "down": 900, "host": "192.0.2.3"}),
    # https://docs.netskope.com/en/transaction-events-fields/
    ("netskope",
     "#Fields: x-cs-timestamp date time cs-bytes sc-bytes c-ip cs-username cs-method cs-user-agent "
     "sc-status cs-host cs-uri cs-referer x-cs-app x-category\n",
     '1795860000 2026-11-28 10:00:00 300 900 10.0.0.5 anna POST "Mozilla/5.0 Chrome" 200 '
     'chatgpt.com /backend-api/conversation https://claude.ai/ ChatGPT "Generative AI"',
     {"host": "chatgpt.com", "user": "anna", "path": "/backend-api/conversation", "up": 300,
      "ua": "Mozilla/5.0 Chrome", "time": "2026-11-28T10:00:00Z"}),
    ("netskope", "#Fields: date time c-ip cs-username cs-host cs-uri x-cs-app x-category\n",
     '2026-11-28 10:00:00 10.0.0.5 anna chatgpt.com / ChatGPT "Generative AI"',
     {"host": "chatgpt.com", "time": "2026-11-28T10:00:00Z"}),
    # https://docs.fortinet.com/document/fortigate/7.4.0/fortios-log-message-reference, in CEF
    ("cef", "",
     "Nov 28 10:00:00 FGT CEF:0|Fortinet|Fortigate|v7.4.1|13312|utm:webfilter passthrough|4|"
     "FTNTFGTeventtime=1795860000123456789 FTNTFGTlogid=0317013312 suser=anna src=10.0.0.5 "
     "dhost=chatgpt.com act=passthrough request=https://chatgpt.com/ out=300 in=900",
     {"host": "chatgpt.com", "up": 300, "down": 900, "time": "2026-11-28T10:00:00Z"}),
    ("cef", "",
     "<14>Nov 28 10:00:00 fw CEF:0|a|b|1|c|d|4|suser=anna src=10.0.0.5 dhost=chatgpt.com",
     {"host": "chatgpt.com", "time": "2026-11-28T10:00:00Z"}),
    # https://docs.netskope.com/en/get-events-data/
    ("netskope", "",
     '{"timestamp":1764324000,"user":"anna@example.com","app":"ChatGPT","appcategory":'
     '"Generative AI","ccl":"high","domain":"chatgpt.com","url":"chatgpt.com/backend-api",'
     '"srcip":"10.0.0.8","client_bytes":2048,"server_bytes":512,"action":"allow"}',
     {"host": "chatgpt.com", "up": 2048, "down": 512, "app": "ChatGPT"}),
    # `site` is what the vendor calls a site, and no host
    ("netskope", "",
     '{"timestamp":1764324000,"user":"anna@a.example","app":"","site":"Generative AI","ccl":"low",'
     '"url":"chatgpt.com/backend-api","srcip":"10.0.0.8","traffic_type":"Web"}',
     {"host": "chatgpt.com", "path": "/backend-api", "user": "anna@a.example"}),
    # https://developers.cloudflare.com/logs/logpush/logpush-job/datasets/account/gateway_http/
    ("cloudflare-gateway-http", "",
     '{"Datetime":"2026-11-28T10:00:00Z","Email":"anna@example.com","DeviceName":"laptop-1",'
     '"HTTPHost":"chatgpt.com","URL":"https://chatgpt.com/c/1?model=x","HTTPMethod":"POST",'
     '"UserAgent":"Mozilla/5.0","Action":"block","SourceIP":"10.0.0.9"}',
     {"host": "chatgpt.com", "path": "/c/1", "device": "laptop-1", "action": "block"}),
    ("cloudflare-gateway-dns", "",
     '{"Datetime":"2026-11-28T10:00:00Z","Email":"anna@example.com","QueryName":"api.openai.com",'
     '"ResolverDecision":"allowedOnNoPolicyMatch","SrcIP":"10.0.0.9","QueryID":"1"}',
     {"host": "api.openai.com", "is_name": True}),
    ("cloudflare-gateway-network", "",
     '{"Datetime":"2026-11-28T10:00:00Z","Email":"anna@example.com","SNI":"api.anthropic.com",'
     '"SessionID":"5","SourceIP":"10.0.0.9","DestinationPort":443}',
     {"host": "api.anthropic.com", "port": 443}),
    ("cloudflare-http", "",
     '{"ClientIP":"10.0.0.9","ClientRequestHost":"llm.example.com","ClientRequestURI":'
     '"/v1/chat/completions?x=1","ClientRequestMethod":"POST","EdgeStartTimestamp":'
     '1764324000000000000,"EdgeResponseBytes":77}',
     {"host": "llm.example.com", "path": "/v1/chat/completions", "down": 77,
      "time": "2025-11-28T10:00:00Z"}),
    # https://docs.umbrella.com/deployment-umbrella/docs/log-format-and-versioning
    ("umbrella-dns", "",
     '"2026-11-28 10:00:00","laptop-1","laptop-1,Acme","10.0.0.9","203.0.113.4","Allowed",'
     '"1 (A)","NOERROR","api.openai.com.","Generative AI","Roaming Computers",'
     '"Roaming Computers,Networks",""',
     {"host": "api.openai.com.", "user": "", "device": "laptop-1", "src": "10.0.0.9",
      "is_name": True}),
    ("umbrella-dns", "",  # of a version with more columns
     '"2026-11-28 10:00:00","laptop-1","laptop-1","10.0.0.9","203.0.113.4","Blocked","1 (A)",'
     '"NOERROR","claude.ai.","Generative AI","Roaming Computers","Roaming Computers","","1","2"',
     {"host": "claude.ai.", "action": "Blocked"}),
    # https://docs.umbrella.com/umbrella-user-guide/docs/web-log-formats
    ("umbrella-proxy", "",
     '"2026-11-28 10:00:00","laptop-1","10.0.0.9","203.0.113.4","192.0.2.9","text/html","ALLOWED",'
     '"https://chatgpt.com/backend-api/conversation?x=1","https://claude.ai/","Mozilla/5.0 (X, Y)",'
     '"200","562","1489","1400","","Generative AI"',
     {"host": "chatgpt.com", "path": "/backend-api/conversation", "user": "laptop-1", "up": 562,
      "down": 1489, "src": "10.0.0.9", "status": 200, "time": "2026-11-28T10:00:00Z"}),
    ("umbrella-proxy", "",
     '"2026-11-28 10:00:00","Anna (anna@example.com)","10.0.0.9","203.0.113.4","192.0.2.9","","'
     'BLOCKED","https://claude.ai/","","Mozilla/5.0","403","5","","","","AI","","","","",'
     '"","AD Users","AI","Anna (anna@example.com), Site","AD Users,Sites","POST","","","f"'
     ',"12","34","","","","","9","8","7","6"',
     {"host": "claude.ai", "action": "BLOCKED", "method": "POST", "up": 5,
      "user": "anna@example.com"}),
    # https://docs.paloaltonetworks.com URL filtering log fields
    ("palo-alto", "",
     "<14>Nov 28 10:00:00 fw 1,2026/11/28 10:00:00,001,THREAT,url,2561,2026/11/28 10:00:00,"
     "10.0.0.5,203.0.113.9,0.0.0.0,0.0.0.0,rule,acme\\anna,,openai-chatgpt,vsys1,trust,untrust,"
     'e1,e2,log,2026/11/28 10:00:00,1,1,51000,443,0,0,0x0,tcp,alert,"chatgpt.com/backend-api/'
     'conversation",(9999),artificial-intelligence,informational,client-to-server,1,0x0,US,US,,'
     "text/html,0,,,1,Mozilla/5.0",
     {"host": "chatgpt.com", "path": "/backend-api/conversation", "user": "acme\\anna",
      "app": "openai-chatgpt", "src": "10.0.0.5"}),
    # https://docs.paloaltonetworks.com/strata-logging-service/log-reference/network-logs
    ("palo-alto-json", "",
     '{"TimeReceived":"2026-11-28T10:00:09.000000Z","DeviceSN":"001","LogType":"THREAT","Subtype":'
     '"url","TimeGenerated":"2026-11-28T10:00:00.000000Z","SourceAddress":"10.0.0.5",'
     '"DestinationAddress":"203.0.113.9","SourceUser":"anna@example.com","Application":"ssl",'
     '"DestinationPort":443,"Action":"alert","URL":"chatgpt.com/c/1","UserAgent":null,'
     '"DeviceName":"FW-1","HTTPMethod":"get","SourceDeviceHost":null}',
     {"host": "chatgpt.com", "path": "/c/1", "user": "anna@example.com", "src": "10.0.0.5",
      "device": "", "time": "2026-11-28T10:00:00Z"}),
    ("palo-alto-json-traffic", "",
     '{"LogType":"TRAFFIC","Subtype":"end","TimeGenerated":"2026-11-28T10:00:00.000000Z",'
     '"SourceAddress":"10.0.0.5","SourceUser":null,"Application":"openai-chatgpt","BytesSent":300,'
     '"BytesReceived":900,"DeviceName":"FW-1","SourceDeviceHost":"lap-1"}',
     {"app": "openai-chatgpt", "up": 300, "down": 900, "device": "lap-1", "count": 1}),
    ("palo-alto-json-traffic", "",
     '{"LogType":"TRAFFIC","Subtype":"start","TimeGenerated":"2026-11-28T10:00:00.000000Z",'
     '"SourceAddress":"10.0.0.5","Application":"openai-chatgpt","BytesSent":0}', {"count": 0}),
    # https://unbound.docs.nlnetlabs.nl, log-queries, to a file and to syslog
    ("unbound", "", "[1795860000] unbound[17265:0] info: 10.0.0.5 claude.ai. A IN",
     {"host": "claude.ai.", "src": "10.0.0.5", "is_name": True, "time": "2026-11-28T10:00:00Z"}),
    ("unbound", "",
     "2026-11-28T10:00:00+00:00 ns unbound[7]: [7:d] query: 2001:db8::5 claude.ai. AAAA IN",
     {"host": "claude.ai.", "src": "2001:db8::5", "time": "2026-11-28T10:00:00Z"}),
    # https://documentation.meraki.com, Syslog Event Types and Log Samples
    ("meraki-urls", "",
     "<134>1 1795860000.342705328 MX84 urls src=10.0.0.5:63735 dst=203.0.113.9:443 "
     "mac=02:00:00:00:00:01 agent='Mozilla/5.0 (X)' request: GET https://claude.ai/new",
     {"host": "claude.ai", "path": "/new", "src": "10.0.0.5", "port": 443, "method": "GET",
      "ua": "Mozilla/5.0 (X)", "time": "2026-11-28T10:00:00Z"}),
    ("meraki-urls", "",
     "1795860000.34270532 MX84 urls src=10.0.0.5:63735 dst=203.0.113.9:443 mac=02:00:00:00:00:01 "
     "request: UNKNOWN https://claude.ai/...", {"host": "claude.ai", "method": ""}),
    # https://www.cisco.com, Secure Firewall Threat Defense syslog messages, security events
    ("cisco-ftd", "",
     "<113>2026-11-28T10:00:01Z ftd1 : %FTD-1-430003: EventPriority: Low, FirstPacketSecond: "
     "2026-11-28T10:00:00Z, AccessControlRuleAction: Allow, SrcIP: 10.0.0.5, DstIP: 203.0.113.9, "
     "SrcPort: 51000, DstPort: 443, Protocol: tcp, User: anna, UserAgent: Mozilla/5.0 (X), Client: "
     "SSL client, WebApplication: OpenAI, InitiatorBytes: 300, ResponderBytes: 900, URL: "
     "https://chatgpt.com/c",
     {"host": "chatgpt.com", "user": "anna", "src": "10.0.0.5", "port": 443, "up": 300,
      "down": 900, "app": "OpenAI", "action": "Allow", "time": "2026-11-28T10:00:00Z"}),
    ("cisco-ftd", "",
     "%FTD-1-430003: AccessControlRuleAction: Block, SrcIP: 10.0.0.5, DstIP: 203.0.113.9, DstPort: "
     "53, User: Not Found, DNSQuery: chatgpt.com, DNSRecordType: a host address",
     {"host": "chatgpt.com", "user": "", "src": "10.0.0.5", "is_name": True, "action": "Block"}),
    ("cisco-ftd", "",  # a name that a client has chosen
     "%FTD-1-430003: SrcIP: 10.0.0.5, UserAgent: x, User: boss, ReferencedHost: claude.ai",
     {"host": "claude.ai", "user": ""}),
    # https://docs.sophos.com/nsg/sophos-firewall/latest/pdf/sf-syslog-guide-en.pdf
    ("sophos-firewall", "",
     'device="SFW" date=2026-11-28 time=21:00:00 timezone="+11" device_name="SG330" device_id=S1 '
     'log_type="Content Filtering" log_component="HTTP" log_subtype="Allowed" user_name="anna" '
     'url="https://claude.ai/new" src_ip=10.0.0.5 dst_ip=203.0.113.9 dst_port=443 sent_bytes=300 '
     'recv_bytes=900 domain=claude.ai status_code="200"',
     {"host": "claude.ai", "user": "anna", "device": "", "src": "10.0.0.5", "up": 300,
      "down": 900, "action": "Allowed", "time": "2026-11-28T10:00:00Z"}),
    ("sophos-firewall", "",
     'timestamp="2026-11-28T12:00:00+0200" device_model="XGS" device_serial_id="X1" log_type="TLS" '
     'log_component="SSL" log_subtype="Do not decrypt" src_ip="10.0.0.5" sni="claude.ai"',
     {"host": "claude.ai", "device": "", "time": "2026-11-28T10:00:00Z"}),
    # https://docs.paloaltonetworks.com traffic log fields
    ("palo-alto-traffic", "",
     "<14>Nov 28 10:00:00 fw 1,2026/11/28 10:00:00,001,TRAFFIC,end,2561,2026/11/28 10:00:00,"
     "10.0.0.5,203.0.113.9,0.0.0.0,0.0.0.0,rule,acme\\anna,,openai-chatgpt,vsys1,trust,untrust,"
     "e1,e2,log,2026/11/28 10:00:00,52,1,54418,443,0,0,0x19,tcp,allow,5000,4000,1000,20,"
     "2026/11/28 09:59:55,5,artificial-intelligence,0,1,0x0,US,US,0,10,10,tcp-fin",
     {"app": "openai-chatgpt", "user": "acme\\anna", "src": "10.0.0.5", "up": 4000, "down": 1000,
      "port": 443, "time": "2026-11-28T10:00:00Z"}),
    # https://docs.fortinet.com/document/fortigate/7.6.5/administration-guide/679448
    ("fortinet", "",
     'date=2026-11-28 time=10:00:00 eventtime=1795860000000000000 logid="1059028704" type="utm" '
     'subtype="app-ctrl" devid="FG1" srcip=10.1.100.11 dstip=203.0.113.9 srcport=51000 dstport=443 '
     'service="HTTPS" appcat="GenAI" app="OpenAI.ChatGPT" action="pass" user="anna"',
     {"app": "OpenAI.ChatGPT", "user": "anna", "src": "10.1.100.11", "action": "pass"}),
    # https://docs.cloud.google.com/firewall/docs/vpc-log-format
    ("gcp-firewall", "",
     '{"timestamp":"2026-11-28T10:00:00Z","logName":"projects/p/logs/compute.googleapis.com%2F'
     'firewall","jsonPayload":{"connection":{"src_ip":"10.0.0.5","src_port":51000,"dest_ip":'
     '"203.0.113.9","dest_port":443,"protocol":6},"disposition":"ALLOWED","rule_details":{'
     '"reference":"network:n/firewall:f","direction":"EGRESS"},"instance":{"project_id":"p",'
     '"vm_name":"vm1","region":"r","zone":"z"},"vpc":{"project_id":"p","vpc_name":"n"}}}',
     {"src": "10.0.0.5", "host": "203.0.113.9", "device": "vm1", "port": 443, "action": "ALLOWED"}),
    ("cef", "",
     "CEF:0|Palo Alto Networks|PAN-OS|11|url|THREAT|1|rt=Nov 28 2026 10:00:00 src=10.1.1.1 "
     "suser=acme\\anna request=claude.ai/chat act=block-url app=claude-base dhost=claude.ai",
     {"host": "claude.ai", "user": "acme\\anna", "action": "block-url",
      "time": "2026-11-28T10:00:00Z"}),
    ("leef", "",
     "LEEF:2.0|Vendor|Proxy|1|web|\tdevTime=Nov 28 2026 10:00:00\tsrc=10.1.1.1\tusrName=anna\t"
     "url=https://api.mistral.ai/v1/chat/completions\tsrcBytes=10\tdstBytes=20",
     {"host": "api.mistral.ai", "user": "anna", "up": 10, "down": 20}),
    # https://docs.fortinet.com/document/fortigate/7.4.0/fortios-log-message-reference
    ("fortinet", "",
     'date=2026-11-28 time=10:00:00 devname="FGT" devid="FG1" logid="0317013312" type="utm" '
     'subtype="webfilter" user="ANNA" srcip=10.0.0.9 hostname="claude.ai" '
     'url="https://claude.ai/chat" sentbyte=100 rcvdbyte=200 action="passthrough"',
     {"host": "claude.ai", "user": "ANNA", "up": 100, "down": 200,
      "time": "2026-11-28T10:00:00Z"}),
    # https://support.checkpoint.com/results/sk/sk144192
    ("check-point", "",
     '<134>1 2026-11-28T10:00:00Z gw CheckPoint 1 - [action:"Accept"; loguid:"{0x1}"; '
     'product:"URL Filtering"; time:"1764324000"; src:"10.0.0.3"; src_user_name:"Anna"; '
     'resource:"https://chatgpt.com/c/1"; sent_bytes:"5"; received_bytes:"6"; '
     'appi_name:"ChatGPT"]',
     {"host": "chatgpt.com", "user": "Anna", "up": 5, "down": 6}),
    # https://docs.zeek.org/en/master/logs/
    ("zeek-ssl", "",
     '{"ts":1764324000.1,"uid":"C1","id.orig_h":"10.0.0.7","id.orig_p":51234,"id.resp_h":'
     '"192.0.2.3","id.resp_p":443,"server_name":"api.anthropic.com","ja3":"abc"}',
     {"host": "api.anthropic.com", "src": "10.0.0.7", "port": 443, "ja4": "abc"}),
    ("zeek-http",
     "#fields\tts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tmethod\thost\turi\tuser_agent"
     "\trequest_body_len\tresponse_body_len\n",
     "1764324000.1\tC1\t10.0.0.7\t51234\t10.9.9.9\t8000\tPOST\tllm.lan\t/v1/completions\tcurl/8\t9\t8",
     {"host": "llm.lan", "port": 8000, "path": "/v1/completions", "up": 9, "down": 8}),
    ("zeek-dns", "#fields\tts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tquery\n",
     "1764324000.1\tC1\t10.0.0.7\t51234\t192.0.2.8\t53\tapi.openai.com",
     {"host": "api.openai.com", "is_name": True, "src": "10.0.0.7"}),
    # https://docs.suricata.io/en/latest/output/eve/eve-json-format.html
    ("suricata-eve", "",
     '{"timestamp":"2026-11-28T10:00:00.1+0000","flow_id":1,"event_type":"tls","src_ip":"10.0.0.7",'
     '"dest_ip":"192.0.2.3","dest_port":443,"tls":{"sni":"api.openai.com","ja3":{"hash":"h"}}}',
     {"host": "api.openai.com", "ja4": "h", "is_name": False, "time": "2026-11-28T10:00:00Z"}),
    ("suricata-eve", "",
     '{"timestamp":"2026-11-28T10:00:00.1+0000","flow_id":1,"event_type":"dns","src_ip":"10.0.0.7",'
     '"dest_ip":"192.0.2.3","dns":{"type":"query","rrname":"claude.ai"}}',
     {"host": "claude.ai", "is_name": True}),
    # https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/resolver-query-logs-example-json.html
    ("route53-resolver", "",
     '{"version":"1.100000","account_id":"111122223333","region":"us-east-1","vpc_id":"vpc-1",'
     '"query_timestamp":"2026-11-28T10:00:00Z","query_name":"bedrock-runtime.us-east-1.'
     'amazonaws.com.","query_type":"A","srcaddr":"10.0.0.9","srcids":{"instance":"i-0123"}}',
     {"host": "bedrock-runtime.us-east-1.amazonaws.com.", "device": "i-0123", "is_name": True}),
    # https://schema.ocsf.io/1.1.0/classes/dns_activity, http_activity
    ("ocsf-dns", "",
     '{"class_uid":4003,"time":1795860000000,"src_endpoint":{"ip":"10.0.0.5","instance_uid":"i-1",'
     '"vpc_uid":"vpc-1"},"query":{"hostname":"api.openai.com.","type":"A"},"rcode":"NoError",'
     '"answers":[{"type":"A","rdata":"192.0.2.3"}]}',
     {"host": "api.openai.com.", "device": "i-1", "is_name": True, "scope": "vpc-1",
      "answers": ("192.0.2.3",), "time": "2026-11-28T10:00:00Z"}),
    ("ocsf-http", "",
     '{"class_uid":4002,"time":1795860000000,"src_endpoint":{"ip":"10.0.0.5"},"http_request":'
     '{"http_method":"POST","user_agent":"x","url":{"hostname":"api.openai.com","path":"/v1/x"}},'
     '"http_response":{"code":403},"traffic":{"bytes_out":9,"bytes_in":8}}',
     {"host": "api.openai.com", "path": "/v1/x", "src": "10.0.0.5", "status": 403, "up": 9}),
    # https://learn.microsoft.com/en-us/azure/firewall/monitor-firewall-reference
    ("azure-firewall", "",
     '{"time":"2026-11-28T10:00:00Z","category":"AZFWApplicationRule","properties":{"SourceIp":'
     '"10.0.0.9","Fqdn":"acme.openai.azure.com","TargetUrl":"","Action":"Allow",'
     '"DestinationPort":443}}',
     {"host": "acme.openai.azure.com", "src": "10.0.0.9", "action": "Allow"}),
    # https://cloud.google.com/dns/docs/monitoring
    ("gcp-dns", "",
     '{"timestamp":"2026-11-28T10:00:00Z","jsonPayload":{"queryName":"aiplatform.googleapis.com.",'
     '"sourceIP":"10.0.0.9","vmInstanceName":"1.vm-a"}}',
     {"host": "aiplatform.googleapis.com.", "device": "1.vm-a", "is_name": True}),
    # https://bind9.readthedocs.io/en/latest/reference.html
    ("bind", "",
     "28-Nov-2026 10:00:00.123 queries: info: client @0x7f 192.168.1.5#4321 (api.openai.com): "
     "query: api.openai.com IN A +E(0)K (10.0.0.1)",
     {"host": "api.openai.com", "src": "192.168.1.5", "is_name": True}),
    ("pihole", "", "Nov 28 10:00:00 pi dnsmasq[123]: query[A] api.mistral.ai from 192.168.1.5",
     {"host": "api.mistral.ai", "src": "192.168.1.5", "time": "2026-11-28T10:00:00Z"}),
    # https://learn.microsoft.com/en-us/windows-server/networking/dns/dns-logging-and-diagnostics
    ("windows-dns", "",
     "11/28/2026 10:00:00 AM 0ABC PACKET  0000 UDP Rcv 192.168.1.6 0001   Q [0001   D   NOERROR]"
     " A      (3)api(6)openai(3)com(0)",
     {"host": "api.openai.com", "src": "192.168.1.6", "is_name": True}),
    # https://httpd.apache.org/docs/current/logs.html#combined
    ("combined", "",
     '10.0.0.3 - anna [28/Nov/2026:10:00:00 +0100] "POST /v1/chat/completions HTTP/1.1" 200 512 '
     '"-" "OpenAI/Python 1.3"',
     {"host": "", "path": "/v1/chat/completions", "ua": "OpenAI/Python 1.3",
      "time": "2026-11-28T09:00:00Z"}),
    # https://www.envoyproxy.io/docs/envoy/latest/configuration/observability/access_log/usage
    ("envoy", "",
     '[2026-11-28T10:00:00.310Z] "POST /v1/messages HTTP/2" 200 - 154 0 226 100 "10.0.35.28" '
     '"anthropic-sdk" "cc21d9b0" "api.anthropic.com" "192.0.2.1:443"',
     {"host": "api.anthropic.com", "path": "/v1/messages", "up": 154}),
    # https://docs.litellm.ai/docs/proxy/logging_spec
    ("litellm", "",
     '{"id":"1","call_type":"acompletion","custom_llm_provider":"openai","model":"gpt-5",'
     '"startTime":1764324000.5,"metadata":{"user_api_key_user_email":"anna@example.com"},'
     '"status":"success","api_base":"https://api.openai.com"}',
     {"provider": "openai", "model": "gpt-5", "user": "anna@example.com"}),
    # LiteLLM_SpendLogs as a table
    ("litellm", "request_id,call_type,spend,startTime,model,custom_llm_provider,api_base,user\n",
     "r1,acompletion,0.1,2026-11-28 10:00:00.123,gpt-4o,openai,https://api.openai.com/v1,anna",
     {"provider": "openai", "model": "gpt-4o", "user": "anna", "host": "api.openai.com",
      "time": "2026-11-28T10:00:00Z"}),
    # https://docs.konghq.com/gateway/3.8.x/ai-gateway/ai-analytics
    ("kong-ai", "",
     '{"started_at":1764324000000,"client_ip":"10.0.0.4","consumer":{"username":"team-a"},'
     '"request":{"uri":"/chat","size":120},"response":{"size":900},"ai":{"payload":{"request":"x"},'
     '"ai-proxy":{"usage":{"prompt_token":28,"total_tokens":48,"completion_token":20,"cost":0.0038,'
     '"time_per_token":133},"meta":{"request_model":"command","provider_name":"cohere",'
     '"response_model":"command","plugin_id":"546c3856-24b3-469a-bd6c-f6083babd2cd",'
     '"llm_latency":2670}}}}',
     {"provider": "cohere", "model": "command", "user": "team-a", "up": 120}),
    # https://developers.cloudflare.com/logs/logpush/logpush-job/datasets/account/ai_gateway_events/
    ("cloudflare-ai-gateway", "",
     '{"Cached":false,"Endpoint":"chat/completions","Gateway":"shop","Metadata":{"user":"anna"},'
     '"Model":"gpt-4o-mini","Provider":"openai","RateLimited":false,"RequestBody":{"type":'
     '"encrypted","data":"AAAA"},"ResponseBody":{"type":"encrypted","data":"AAAA"},"StatusCode":200,'
     '"Timestamp":"2026-11-28T10:00:00Z"}',
     {"provider": "openai", "model": "gpt-4o-mini", "user": "anna", "status": 200,
      "path": "chat/completions", "time": "2026-11-28T10:00:00Z"}),
    ("cloudflare-ai-gateway",
     "Cached,Endpoint,Gateway,Model,Provider,RateLimited,StatusCode,Timestamp\n",
     "false,messages,shop,claude-3-5-haiku,anthropic,false,200,1795860000000000000",
     {"provider": "anthropic", "model": "claude-3-5-haiku", "time": "2026-11-28T10:00:00Z"}),
    # https://developers.cloudflare.com/api/resources/ai_gateway/subresources/logs/methods/list/
    ("cloudflare-ai-gateway", "",
     '{"id":"1","created_at":"2026-11-28T10:00:00Z","provider":"openai","model":"gpt-4o","path":'
     '"chat/completions","endpoint":"chat/completions","cached":false,"success":true,"status_code":'
     '200,"metadata":{"user":"anna"}}',
     {"provider": "openai", "user": "anna", "status": 200, "time": "2026-11-28T10:00:00Z"}),
    # https://portkey.ai/docs/product/observability/logs-export
    ("portkey", "",
     '{"id":"1","trace_id":"t","created_at":"2026-11-28T10:00:00Z","ai_org":"openai","ai_model":'
     '"gpt-4o","req_units":10,"res_units":3,"total_units":13,"cost":0.1,"cost_currency":"USD",'
     '"response_time":200,"response_status_code":200,"mode":"single","config":"c","prompt_slug":"p",'
     '"metadata":{"_user":"anna"}}',
     {"provider": "openai", "model": "gpt-4o", "user": "anna", "status": 200,
      "time": "2026-11-28T10:00:00Z"}),
    # https://docs.helicone.ai/rest/request/post-v1requestquery-clickhouse
    ("helicone", "",
     '{"response_id":"r","response_created_at":"2026-11-28T10:00:01Z","response_status":200,'
     '"response_model":"gemini-1.5-pro","request_id":"q","request_created_at":'
     '"2026-11-28T10:00:00Z","request_path":"/v1beta/models","request_user_id":"anna",'
     '"request_properties":{},"request_model":"gemini-1.5-pro","helicone_user":null,"provider":'
     '"GOOGLE","delay_ms":123,"total_tokens":13,"prompt_tokens":10,"completion_tokens":3}',
     {"provider": "GOOGLE", "model": "gemini-1.5-pro", "user": "anna", "status": 200,
      "time": "2026-11-28T10:00:00Z"}),
    # https://aigateway.envoyproxy.io/docs/capabilities/observability/accesslogs/
    ("envoy-ai-gateway", "",
     '{"genai_model_name":"gpt-4o-mini","genai_model_name_override":"","genai_backend_name":'
     '"default/openai/route/shop/rule/0/ref/0","genai_tokens_input":"10","genai_tokens_output":"20",'
     '"start_time":"2026-11-28T10:00:00Z","method":"POST","path":"/v1/chat/completions",'
     '":authority":"api.openai.com","user-agent":"curl/8.5.0","response_code":200,'
     '"bytes_received":120,"bytes_sent":900,"downstream_remote_address":"10.0.0.4:51234"}',
     {"model": "gpt-4o-mini", "host": "api.openai.com", "src": "10.0.0.4", "up": 120,
      "path": "/v1/chat/completions", "ua": "curl/8.5.0"}),
    # https://docs.aws.amazon.com/bedrock/latest/userguide/model-invocation-logging.html
    ("bedrock-invocation", "",
     '{"schemaType":"ModelInvocationLog","schemaVersion":"1.0","timestamp":"2026-11-28T10:00:00Z",'
     '"accountId":"111122223333","identity":{"arn":"arn:aws:sts::111122223333:assumed-role/r/s"},'
     '"operation":"InvokeModel","modelId":"anthropic.claude-3-haiku"}',
     {"provider": "aws_bedrock", "model": "anthropic.claude-3-haiku"}),
    # https://opentelemetry.io/docs/specs/semconv/gen-ai/gen-ai-spans/
    ("otlp", "",
     '{"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":'
     '"shop"}}]},"scopeSpans":[{"spans":[{"startTimeUnixNano":"1764324000000000000","attributes":'
     '[{"key":"gen_ai.provider.name","value":{"stringValue":"openai"}},{"key":'
     '"gen_ai.request.model","value":{"stringValue":"gpt-5"}}]}]}]}]}',
     {"provider": "openai", "model": "gpt-5", "device": "shop", "time": "2025-11-28T10:00:00Z"}),
    # https://learn.microsoft.com/en-us/azure/firewall/logs-and-metrics
    ("azure-firewall-rule", "",
     '{"category":"AzureFirewallApplicationRule","time":"2026-11-28T10:00:00.8295030Z","resourceId":'
     '"/SUBSCRIPTIONS/S/AZUREFIREWALLS/F","operationName":"AzureFirewallApplicationRuleLog",'
     '"properties":{"msg":"HTTPS request from 10.1.0.5:55640 to api.openai.com:443. Action: Deny. '
     'Rule Collection: collection1000. Rule: rule1002"}}',
     {"host": "api.openai.com", "src": "10.1.0.5", "port": 443, "action": "Deny",
      "time": "2026-11-28T10:00:00Z"}),
    ("azure-firewall-proxy", "",
     '{"category":"AzureFirewallDnsProxy","time":"2026-11-28T10:00:00Z","properties":{"msg":'
     '"DNS Request: 10.1.0.5:48197 - 15676 AAAA IN api.openai.com. udp 55 false 512 NOERROR '
     'qr,rd,ra 106 0.011920553s"}}',
     {"host": "api.openai.com.", "src": "10.1.0.5", "is_name": True,
      "time": "2026-11-28T10:00:00Z"}),
    # https://help.zscaler.com/zia/nss-feed-output-format-web-logs, without categories
    ("zscaler", "",
     '{"sourcetype":"zscalernss-web","event":{"datetime":"2026-11-28 10:00:00","action":"Allowed",'
     '"responsesize":"65","requestsize":"100","requestmethod":"POST","useragent":"python","url":'
     '"api.openai.com/v1/chat/completions","user":"anna@example.com","hostname":"api.openai.com",'
     '"clientpublicIP":"192.0.2.1","ClientIP":"10.0.0.5","appname":"OpenAI"}}',
     {"host": "api.openai.com", "user": "anna@example.com", "path": "/v1/chat/completions",
      "up": 100, "src": "10.0.0.5"}),
    # https://learn.microsoft.com/en-us/azure/azure-monitor/reference/tables/azfwdnsquery
    ("azure-firewall-dns", "",
     '{"time":"2026-11-28T10:00:00.1Z","category":"AZFWDnsQuery","resourceId":"/SUBSCRIPTIONS/S/'
     'AZUREFIREWALLS/F","operationName":"AzureFirewallDnsProxyLog","properties":{"SourceIp":'
     '"10.0.0.9","SourcePort":51234,"QueryId":4711,"QueryType":"A","QueryClass":"IN","QueryName":'
     '"api.openai.com.","Protocol":"udp","RequestSize":42,"DnssecOkBit":false,"EDNS0BufferSize":512,'
     '"ResponseCode":"NOERROR","ResponseFlags":"qr,rd,ra","ResponseSize":76,"RequestDurationSecs":'
     '0.003,"ErrorNumber":0,"ErrorMessage":" "}}',
     {"host": "api.openai.com.", "src": "10.0.0.9", "is_name": True,
      "time": "2026-11-28T10:00:00Z"}),
    ("azure-firewall-dns", "TimeGenerated [UTC],SourceIp,QueryName,EDNS0BufferSize,ResponseCode\n",
     '"2026-11-28T10:00:00Z",10.0.0.9,api.openai.com.,512,NOERROR',
     {"host": "api.openai.com.", "src": "10.0.0.9", "is_name": True,
      "time": "2026-11-28T10:00:00Z"}),
    # https://docs.cloud.google.com/distributed-cloud/hosted/docs/latest/gdch/platform-application/
    # pa-ao-operations/audit-service-mesh-envoy
    ("envoy-json", "",
     '{"start_time":"2026-11-28T10:00:00.123Z","method":"POST","path":"/v1/embeddings","authority":'
     '"api.openai.com","bytes_received":"120","bytes_sent":"900","user_agent":"python-requests/2",'
     '"x_forwarded_for":"10.0.0.4","downstream_remote_address":"10.0.0.4:0","response_code":"200",'
     '"requested_server_name":"api.openai.com","upstream_cluster":"outbound|443||api.openai.com"}',
     {"host": "api.openai.com", "path": "/v1/embeddings", "src": "10.0.0.4", "up": 120,
      "down": 900, "status": 200}),
    # https://osquery.readthedocs.io/en/stable/deployment/logging/
    ("osquery", "",
     '{"action":"added","columns":{"pid":"4711","remote_address":"192.0.2.3","remote_port":"443",'
     '"remote_hostname":"api.openai.com","path":"/usr/bin/python3","username":"anna"},"name":'
     '"pack_net_sockets","hostIdentifier":"laptop-1","calendarTime":"Sat Nov 28 10:00:00 2026 UTC",'
     '"unixTime":1795860000,"decorations":{"hostname":"laptop-1"}}',
     {"host": "api.openai.com", "user": "anna", "device": "laptop-1", "port": 443,
      "time": "2026-11-28T10:00:00Z"}),
    # https://learn.microsoft.com/en-us/defender-xdr/advanced-hunting-devicenetworkevents-table
    ("defender-device",
     "Timestamp,DeviceName,RemoteUrl,RemoteIP,RemotePort,InitiatingProcessFileName,"
     "InitiatingProcessAccountUpn\n",
     "2026-11-28T10:00:00Z,laptop-1,https://api.openai.com/v1/responses,192.0.2.1,443,python.exe,"
     "anna@example.com",
     {"host": "api.openai.com", "device": "laptop-1", "user": "anna@example.com"}),
    ("crowdstrike", "",
     '{"event_simpleName":"DnsRequest","aid":"a1","timestamp":"1764324000000","DomainName":'
     '"api.openai.com","ComputerName":"LAPTOP-1","ContextBaseFileName":"python.exe"}',
     {"host": "api.openai.com", "device": "LAPTOP-1", "is_name": True}),
    ("browser-history", "last_visit_time,url,title,visit_count,username\n",
     "13408797600000000,https://chatgpt.com/c/abc?x=1,Chat,3,anna",
     {"host": "chatgpt.com", "path": "/c/abc", "user": "anna", "time": "2025-11-28T10:00:00Z",
      "count": 3}),
    # https://searchfox.org/mozilla-central/source/toolkit/components/places/nsPlacesTables.h
    ("browser-history",
     "id,url,title,rev_host,visit_count,hidden,typed,frecency,last_visit_date,guid,foreign_count,"
     "url_hash,description,preview_image_url,site_name,origin_id,recalc_frecency\n",
     "7,https://chatgpt.com/c/abc?x=1,Chat,moc.tpgtahc.,4,0,1,2000,1764324000123456,aBcDeFgHiJkL,0,"
     "47358032558425,,,,3,0",
     {"host": "chatgpt.com", "path": "/c/abc", "time": "2025-11-28T10:00:00Z", "count": 4}),
    # what a name was answered with
    ("zeek-dns", "#fields\tts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tquery\tanswers\n",
     "1764324000.1\tC1\t10.0.0.7\t51234\t192.0.2.8\t53\tapi.openai.com\tx.cdn.example,192.0.2.3,"
     "2001:db8::3",
     {"host": "api.openai.com", "answers": ("192.0.2.3", "2001:db8::3"), "src": "10.0.0.7"}),
    ("route53-resolver", "",
     '{"version":"1.100000","account_id":"111122223333","region":"us-east-1","vpc_id":"vpc-1",'
     '"query_timestamp":"2026-11-28T10:00:00Z","query_name":"api.openai.com.","query_type":"A",'
     '"rcode":"NOERROR","answers":[{"Rdata":"x.cdn.example.","Type":"CNAME","Class":"IN"},'
     '{"Rdata":"192.0.2.3","Type":"A","Class":"IN"}],"srcaddr":"10.0.0.9","srcport":"4","transport":'
     '"UDP","srcids":{"instance":"i-0123"}}',
     {"answers": ("192.0.2.3",), "scope": "vpc-1", "device": "i-0123", "is_joined": True}),
    ("suricata-eve", "",
     '{"timestamp":"2026-11-28T10:00:00.1+0000","flow_id":1,"event_type":"dns","src_ip":"192.0.2.53",'
     '"src_port":53,"dest_ip":"10.0.0.7","dest_port":4000,"dns":{"version":2,"type":"answer",'
     '"rrname":"claude.ai","rcode":"NOERROR","answers":[{"rrname":"claude.ai","rrtype":"A","ttl":30,'
     '"rdata":"192.0.2.3"}],"grouped":{"A":["192.0.2.3"]}}}',
     {"answers": ("192.0.2.3",), "src": "10.0.0.7", "uid": "1"}),
    ("gcp-dns", "",
     '{"timestamp":"2026-11-28T10:00:00Z","jsonPayload":{"queryName":"aiplatform.googleapis.com.",'
     '"sourceIP":"10.0.0.9","rdata":"aiplatform.googleapis.com.\\t300\\tIN\\ta\\t192.0.2.3"}}',
     {"answers": ("192.0.2.3",)}),
    ("crowdstrike", "",
     '{"event_simpleName":"DnsRequest","aid":"a1","timestamp":"1764324000000","DomainName":'
     '"api.openai.com","LocalAddressIP4":"10.0.0.7","IP4Records":"192.0.2.3;192.0.2.4;"}',
     {"answers": ("192.0.2.3", "192.0.2.4"), "src": "a1"}),
    # https://docs.pi-hole.net/ftldns/dns-resolver/ (lines of dnsmasq's log)
    ("pihole-answer", "",
     "Nov 28 10:00:00 pi dnsmasq[123]: 45 192.168.1.5/54321 reply api.mistral.ai is 192.0.2.3",
     {"answers": ("192.0.2.3",), "src": "192.168.1.5", "count": 0, "is_name": True}),
    ("pihole-answer", "", "Nov 28 10:00:00 dnsmasq[123]: cached api.mistral.ai is <CNAME>",
     {"answers": (), "is_alias": True, "count": 0}),
    ("pihole-answer", "", "Nov 28 10:00:00 dnsmasq[123]: gravity blocked api.mistral.ai is 0.0.0.0",
     {"answers": (), "count": 1, "action": "gravity blocked"}),
    ("pihole-answer", "", "Nov 28 10:00:00 dnsmasq[123]: forwarded api.mistral.ai to 9.9.9.9",
     {"answers": (), "count": 0}),
    # https://docs.aws.amazon.com/network-firewall/latest/developerguide/firewall-logging-contents.html
    ("aws-network-firewall", "",
     '{"firewall_name":"fw","availability_zone":"us-east-1b","event_timestamp":"1795860000",'
     '"event":{"timestamp":"2026-11-28T10:00:00.000000+0000","flow_id":1,"event_type":"alert",'
     '"src_ip":"10.0.0.5","src_port":5,"dest_ip":"203.0.113.9","dest_port":443,"proto":"TCP",'
     '"alert":{"action":"blocked"},"app_proto":"tls","tls":{"sni":"claude.ai"}}}',
     {"host": "claude.ai", "src": "10.0.0.5", "time": "2026-11-28T10:00:00Z", "port": 443,
      "action": "blocked", "uid": "1", "is_again": True}),
    # WatchGuard's log messages as LEEF, with tabs and with what rsyslog makes of them
    ("watchguard", "", _WATCHGUARD.replace("#011", "\t"), _WATCHED),
    ("watchguard", "", _WATCHGUARD, _WATCHED),
    # https://support.catonetworks.com/hc/en-us/articles/360019839477
    ("cato", "",
     '{"internalId":"a","event_type":"Security","event_sub_type":"Internet Firewall","time":'
     '"1795860000000","src_ip":"10.0.0.5","domain_name":"claude.ai","application":"Claude",'
     '"vpn_user_email":"anna@example.com","action":"Monitor","dest_ip":"203.0.113.9"}',
     {"host": "claude.ai", "user": "anna@example.com", "src": "10.0.0.5", "action": "Monitor",
      "time": "2026-11-28T10:00:00Z", "app": "Claude"}),
    # https://developers.cloudflare.com/logs/logpush/logpush-job/datasets/account/access_requests/
    ("cloudflare-access", "",
     '{"Action":"login","Allowed":true,"AppDomain":"chat.example.com/x","AppUUID":"1","CreatedAt":'
     '"2026-11-28T10:00:00Z","Email":"anna@example.com","IPAddress":"203.0.113.4"}',
     {"host": "chat.example.com", "path": "/x", "user": "anna@example.com", "src": "203.0.113.4",
      "time": "2026-11-28T10:00:00Z"}),
    # https://learn.microsoft.com/en-us/azure/azure-monitor/reference/tables/azfwapplicationrule
    ("azure-firewall-table", "",
     '{"TimeGenerated":"2026-11-28T10:00:00Z","Protocol":"HTTPS","SourceIp":"10.0.0.5","SourcePort":'
     '5,"DestinationPort":443,"Fqdn":"claude.ai","TargetUrl":"","Action":"Allow","Policy":"p"}',
     {"host": "claude.ai", "src": "10.0.0.5", "port": 443, "action": "Allow",
      "time": "2026-11-28T10:00:00Z"}),
    # what collectors wrap
    ("squid", "",
     '{"@timestamp":"2026-11-28T10:00:00Z","message":"1764324000.123    456 10.0.0.5 TCP_TUNNEL/200'
     ' 8123 CONNECT api.openai.com:443 anna HIER_DIRECT/203.0.113.9 -"}',
     {"host": "api.openai.com", "user": "anna"}),
    ("text", "", "job 7 says: calling https://api.openai.com/v1/embeddings now",
     {"host": "api.openai.com", "path": "/v1/embeddings"}),
)  # fmt: skip
