use super::desk::Desk;
use xmppd_proto::Failure;
use xmppd_proto::reply::ProbeReport;
use xmppd_proto::request::Probe;
impl Desk {
    pub(super) async fn probe(&self, params: Probe) -> Result<ProbeReport, Failure> {
        Err(Failure::usage(params.domain))
    }
}
