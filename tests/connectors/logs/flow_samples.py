"""Lines of logs of connections as vendors' documentation and public projects show them, with what
they tell; where a page shows none, its fields are filled in."""

from __future__ import annotations

_ZEEK = (
    "#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n#path\tconn\n"
    "#fields\tts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tproto\tservice\tduration\t"
    "orig_bytes\tresp_bytes\tconn_state\n"
)

_NSG = '{"records":[{"category":"NetworkSecurityGroupFlowEvent","properties":{"flowTuples":["'
_VNET = '{"records":[{"category":"FlowLogFlowEvent","flowRecords":{"flows":[{"flowTuples":["'

# (format, header, entry, expected fields of its flow; None: it tells of no flow)
FLOWS: tuple[tuple[str, str, str, dict[str, object] | None], ...] = (
    # https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-records-examples.html
    ("vpc-flow", "",
     "2 123456789010 eni-1235b8ca123456789 172.31.16.139 172.31.16.21 20641 22 6 20 4249 "
     "1418530010 "
     "1418530070 ACCEPT OK",
     {"src": "172.31.16.139", "dst": "172.31.16.21", "sport": 20641, "dport": 22, "sent": 4249,
      "start": 1418530010, "end": 1418530070, "denied": False, "eni": "eni-1235b8ca123456789",
      "one_way": True}),
    ("vpc-flow", "",
     "2 123456789010 eni-1235b8ca123456789 172.31.9.69 172.31.9.12 49761 3389 6 20 4249 1418530010 "
     "1418530070 REJECT OK",
     {"dport": 3389, "denied": True}),
    ("vpc-flow", "",
     "2 123456789010 eni-1235b8ca123456789 - - - - - - - 1431280876 1431280934 - NODATA", None),
    ("vpc-flow", "",
     "2 123456789010 eni-11111111aaaaaaaaa - - - - - - - 1431280876 1431280934 - SKIPDATA", None),
    ("vpc-flow", "",
     "2 123456789010 eni-1235b8ca123456789 2001:db8:1234:a100:8d6e:3477:df66:f105 "
     "2001:db8:1234:a102:3304:8879:34cf:4071 34892 22 6 54 8855 1477913708 1477913820 ACCEPT OK",
     {"src": "2001:db8:1234:a100:8d6e:3477:df66:f105", "sent": 8855}),
    # through a gateway, of the same page: instance, gateway, and where the packets go
    ("vpc-flow",
     "instance-id interface-id srcaddr dstaddr pkt-srcaddr pkt-dstaddr bytes start end action\n",
     "- eni-1235b8ca123456789 10.0.1.5 10.0.0.220 10.0.1.5 203.0.113.5 70 1616729292 "
     "1616729349 ACCEPT",
     {"src": "10.0.1.5", "dst": "10.0.0.220", "inner_dst": "203.0.113.5", "machine": ""}),
    ("vpc-flow",
     "version vpc-id subnet-id instance-id interface-id account-id type srcaddr dstaddr "
     "srcport dstport "
     "pkt-srcaddr pkt-dstaddr protocol bytes packets start end action tcp-flags log-status\n",
     "3 vpc-abcdefab012345678 subnet-aaaaaaaa012345678 i-01234567890123456 eni-1235b8ca123456789 "
     "123456789010 IPv4 52.213.180.42 10.0.0.62 43416 5001 52.213.180.42 10.0.0.62 6 568 8 "
     "1566848875 "
     "1566848933 ACCEPT 2 OK",
     {"scope": "vpc-abcdefab012345678", "machine": "i-01234567890123456", "sent": 568,
      "end": 1566848933}),
    # as CloudWatch Logs exports it to a bucket, and as it delivers it
    ("vpc-flow", "",
     "2014-12-14T04:06:50.000Z 2 123456789010 eni-1235b8ca123456789 172.31.16.139 "
     "172.31.16.21 20641 22 "
     "6 20 4249 1418530010 1418530070 ACCEPT OK",
     {"src": "172.31.16.139", "sent": 4249}),
    ("vpc-flow", "",
     '{"messageType":"DATA_MESSAGE","owner":"123456789012","logGroup":"flows","logStream":"eni-1",'
     '"subscriptionFilters":["all"],"logEvents":[{"id":"1","timestamp":1418530010000,"message":'
     '"2 123456789010 eni-1235b8ca123456789 172.31.16.139 172.31.16.21 20641 22 6 20 4249 '
     '1418530010 '
     '1418530070 ACCEPT OK"}]}',
     {"src": "172.31.16.139", "sent": 4249, "start": 1418530010}),
    # https://learn.microsoft.com/en-us/azure/network-watcher/nsg-flow-logs-overview
    ("azure-flow", _NSG,
     "1493763938,185.170.185.105,10.2.0.4,35370,23,T,I,A,B,,,,",
     {"src": "185.170.185.105", "dst": "10.2.0.4", "dport": 23, "count": 1, "sent": 0,
      "start": 1493763938}),
    ("azure-flow", _NSG,
     "1493695838,185.170.185.105,10.2.0.4,35370,23,T,I,A,C,1021,588096,8005,4610880",
     {"sent": 588096, "received": 4610880, "count": 0, "denied": False}),
    ("azure-flow", _NSG,
     "1542110377,94.102.49.190,10.5.16.4,28746,443,U,I,D,B,,,,", {"denied": True, "dport": 443}),
    ("azure-flow", _NSG,
     "1487282421,42.119.146.95,10.1.0.4,51529,5358,T,I,D", {"denied": True, "count": 1}),
    # https://learn.microsoft.com/en-us/azure/network-watcher/vnet-flow-logs-overview
    ("azure-flow", _VNET,
     "1663146003599,10.0.0.6,192.0.2.180,23956,443,6,O,B,NX,0,0,0,0",
     {"src": "10.0.0.6", "dst": "192.0.2.180", "start": 1663146003, "count": 1}),
    ("azure-flow", _VNET,
     "1663146003606,10.0.0.6,192.0.2.180,23956,443,6,O,E,NX,3,767,2,1580",
     {"sent": 767, "received": 1580, "count": 0}),
    # https://cloud.google.com/vpc/docs/about-flow-logs-records
    ("gcp-flow", "",
     '{"insertId":"1","jsonPayload":{"bytes_sent":"1776","connection":{"dest_ip":"203.0.113.7",'
     '"dest_port":443,"protocol":6,"src_ip":"10.128.0.2","src_port":51234},"end_time":'
     '"2026-11-28T10:00:09.5Z","packets_sent":"8","reporter":"SRC","src_instance":{"project_'
     'id":"p",'
     '"vm_name":"worker-1","zone":"us-central1-a"},"start_time":"2026-11-28T10:00:05.1Z"},"l'
     'ogName":'
     '"projects/p/logs/compute.googleapis.com%2Fvpc_flows","timestamp":"2026-11-28T10:00:10Z"}',
     {"src": "10.128.0.2", "dst": "203.0.113.7", "sent": 1776, "instance": "worker-1",
      "start": 1795860005, "one_way": True}),
    # https://schema.ocsf.io/1.1.0/classes/network_activity
    ("ocsf-flow", "",
     '{"class_uid":4001,"time":1795860005000,"start_time":1795860005000,"end_time":1795860064000,'
     '"disposition":"Allowed","src_endpoint":{"ip":"10.0.0.5","port":40000,"interface_uid":'
     '"eni-1","vpc_uid":"vpc-1","instance_uid":"i-1"},"dst_endpoint":{"ip":"203.0.113.7",'
     '"port":443},"traffic":{"bytes":4249,"packets":20}}',
     {"src": "10.0.0.5", "dst": "203.0.113.7", "dport": 443, "sent": 4249, "eni": "eni-1",
      "machine": "i-1", "scope": "vpc-1", "start": 1795860005, "end": 1795860064,
      "one_way": True, "denied": False}),
    # https://docs.zeek.org/en/master/logs/conn.html
    ("zeek-conn", "",
     '{"ts":1591367999.305988,"uid":"CMdzit1AMNsmfAIiQc","id.orig_h":"192.168.4.76","id.orig'
     '_p":36844,'
     '"id.resp_h":"192.168.4.1","id.resp_p":53,"proto":"udp","service":"dns","duration":0.0668,'
     '"orig_bytes":62,"resp_bytes":141,"conn_state":"SF","history":"Dd"}',
     {"src": "192.168.4.76", "dport": 53, "sent": 62, "received": 141, "uid": "CMdzit1AMNsmfAIiQc",
      "start": 1591367999}),
    ("zeek-conn", _ZEEK,
     "1591367999.305988\tCMdzit1AMNsmfAIiQc\t192.168.4.76\t36844\t192.168.4.1\t53\tudp\tdns"
     "\t0.06685\t62\t"
     "141\tSF",
     {"src": "192.168.4.76", "sent": 62, "received": 141, "denied": False}),
    ("zeek-conn", _ZEEK,
     "1591367999.3\tCa\t192.168.4.76\t36844\t192.168.4.1\t443\ttcp\t-\t-\t-\t-\tREJ",
     {"sent": 0, "denied": True}),
    # https://docs.suricata.io/en/latest/output/eve/eve-json-format.html
    ("suricata-flow", "",
     '{"timestamp":"2026-11-28T10:05:00.1+0000","flow_id":1676750115612680,"event_type":"flo'
     'w","src_ip":'
     '"10.0.0.7","src_port":50212,"dest_ip":"192.0.2.3","dest_port":443,"proto":"TCP","app_p'
     'roto":"tls",'
     '"flow":{"pkts_toserver":23,"pkts_toclient":21,"bytes_toserver":4884,"bytes_toclient":7'
     '392,"start":'
     '"2026-11-28T10:00:00.1+0000","end":"2026-11-28T10:04:00.1+0000","state":"closed"}}',
     {"uid": "1676750115612680", "sent": 4884, "received": 7392, "start": 1795860000,
      "end": 1795860240}),
    ("suricata-flow", "",
     '{"timestamp":"2026-11-28T10:05:00.1+0000","flow_id":1,"event_type":"tls","src_ip":"10.0.0.7",'
     '"dest_ip":"192.0.2.3","tls":{"sni":"x.example"}}', None),
    # https://docs.aws.amazon.com/network-firewall/latest/developerguide/firewall-logging-contents.html
    ("aws-network-firewall-flow", "",
     '{"firewall_name":"fw","availability_zone":"us-east-1b","event_timestamp":"1795860300","event":'
     '{"timestamp":"2026-11-28T10:05:00.1+0000","flow_id":16,"event_type":"netflow","src_ip":'
     '"10.0.0.7","src_port":50212,"dest_ip":"192.0.2.3","dest_port":443,"proto":"TCP","netflow":'
     '{"pkts":23,"bytes":4884,"start":"2026-11-28T10:00:00.1+0000","end":'
     '"2026-11-28T10:04:00.1+0000","age":240}}}',
     {"uid": "16", "sent": 4884, "start": 1795860000, "end": 1795860240, "one_way": True}),
    # https://www.crowdstrike.com/en-us/resources/data-sheets/falcon-data-replicator/
    ("crowdstrike-flow", "",
     '{"event_simpleName":"NetworkConnectIP4","aid":"a1","ComputerName":"LAPTOP-1","aip":'
     '"198.51.100.1","ConnectionDirection":"0","LocalAddressIP4":"10.0.0.7","LocalPort":"51234",'
     '"RemoteAddressIP4":"203.0.113.7","RemotePort":"443","Protocol":"6","ContextProcessId":"1",'
     '"ContextTimeStamp":"1795859999.512","timestamp":"1795860000123"}',
     {"src": "a1", "dst": "203.0.113.7", "sport": 51234, "dport": 443, "start": 1795860000,
      "instance": "LAPTOP-1", "one_way": False, "count": 1}),
    ("crowdstrike-flow", "",
     '{"event_simpleName":"NetworkConnectIP6","aid":"a1","RemoteAddressIP6":"2001:db8::7",'
     '"RemotePort":"443","LocalPort":"51234","timestamp":"1795860000123"}',
     {"dst": "2001:db8::7", "instance": "a1"}),
    ("crowdstrike-flow", "",
     '{"event_simpleName":"NetworkReceiveAcceptIP4","aid":"a1","RemoteAddressIP4":"203.0.113.7",'
     '"RemotePort":"51234","LocalPort":"443","timestamp":"1795860000123"}', None),
    # https://github.com/phaag/nfdump/blob/master/man/nfdump.1 (csv)
    ("netflow", "ts,te,td,sa,da,sp,dp,pr,flg,fwd,stos,ipkt,ibyt,opkt,obyt\n",
     "2026-11-28 10:00:00,2026-11-28 10:00:02,2.000,10.0.0.7,203.0.113.7,51234,443,TCP,...AP"
     ".SF,0,0,10,"
     "2400,8,9000",
     {"sent": 2400, "received": 9000, "start": 1795860000, "end": 1795860002, "one_way": False}),
    # https://github.com/netsampler/goflow2/blob/main/docs/protocols.md
    ("netflow", "",
     '{"type":"NETFLOW_V9","time_received_ns":1795860000000000000,"bytes":1500,"packets":3,"'
     'src_addr":'
     '"10.0.0.7","dst_addr":"203.0.113.7","src_port":51234,"dst_port":443,"time_flow_start_ns":'
     '1795860000000000000}',
     {"src": "10.0.0.7", "sent": 1500, "start": 1795860000, "one_way": True}),
    # https://tools.netsa.cert.org/silk/rwcut.html (--delimited)
    ("netflow", "sIP|dIP|sPort|dPort|pro|packets|bytes|flags|sTime|duration|eTime|sensor\n",
     "10.0.0.7|203.0.113.7|51234|443|6|3|1500|FS "
     "PA|2026/11/28T10:00:00.000|2.0|2026/11/28T10:00:02.000|S0",
     {"src": "10.0.0.7", "dport": 443, "sent": 1500, "start": 1795860000}),
    # https://docs.cloud.google.com/firewall/docs/vpc-log-format
    ("gcp-firewall", "",
     '{"timestamp":"2026-11-28T10:00:00Z","jsonPayload":{"connection":{"src_ip":"10.0.0.5",'
     '"src_port":51000,"dest_ip":"203.0.113.9","dest_port":443,"protocol":6},"disposition":'
     '"DENIED","instance":{"vm_name":"vm1"},"vpc":{"vpc_name":"n"}}}',
     {"src": "10.0.0.5", "dst": "203.0.113.9", "sport": 51000, "dport": 443, "machine": "vm1",
      "start": 1795860000, "scope": "n", "denied": True, "one_way": False}),
    # https://docs.paloaltonetworks.com traffic log fields
    ("palo-alto-traffic", "",
     "<14>Nov 28 10:00:00 fw 1,2026/11/28 10:00:00,001,TRAFFIC,end,2561,2026/11/28 10:00:00,"
     "10.0.0.5,203.0.113.9,0.0.0.0,0.0.0.0,rule,,,ssl,vsys1,trust,untrust,e1,e2,log,"
     "2026/11/28 10:00:00,52,1,54418,443,0,0,0x19,tcp,allow,5000,4000,1000,20,"
     "2026/11/28 10:00:00,5,any,0",
     {"src": "10.0.0.5", "dst": "203.0.113.9", "dport": 443, "sent": 4000, "received": 1000,
      "start": 1795860000, "end": 1795860005, "app": "ssl"}),
    ("palo-alto-traffic",
     "1,2026/11/28 10:00:00,001,TRAFFIC,end,1,,10.0.0.5,203.0.113.9,\n",
     "1,2026/11/28 10:00:00,001,THREAT,url,2561,2026/11/28 10:00:00,10.0.0.5,203.0.113.9,x", None),
    # https://docs.fortinet.com/document/fortigate/7.4.0/fortios-log-message-reference
    ("fortinet-traffic", "",
     'date=2026-11-28 time=10:00:00 devid="FG1" logid="0000000013" type="traffic" '
     'subtype="forward" eventtime=1795860000000000000 srcip=10.0.0.5 srcport=51000 '
     'dstip=203.0.113.9 dstport=443 action="close" app="HTTPS.BROWSER" duration=5 '
     'sentbyte=4000 rcvdbyte=1000',
     {"src": "10.0.0.5", "dst": "203.0.113.9", "sport": 51000, "sent": 4000, "received": 1000,
      "start": 1795860000, "end": 1795860005, "denied": False}),
    ("fortinet-traffic", 'type="traffic" srcip=10.0.0.5\n',
     'date=2026-11-28 devid="FG1" type="utm" srcip=10.0.0.5 dstip=203.0.113.9', None),
)  # fmt: skip
