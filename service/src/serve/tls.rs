//! TLS of a listener: a certificate and its key, as PEM. TLS 1.2 and 1.3, HTTP/1.1.

use std::io;
use std::path::Path;
use std::sync::Arc;

use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::pem::{self, PemObject};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::{self, ServerConfig};

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("{path} cannot be read: {source}")]
    Unreadable { path: String, source: io::Error },
    #[error("{path} holds no {what} as PEM: {source}")]
    NotPem { path: String, what: &'static str, source: pem::Error },
    #[error("the certificate and the key do not go together: {0}")]
    Unfit(#[source] rustls::Error),
}

/// What turns connections into such that speak TLS with this certificate.
pub fn acceptor(cert: &Path, key: &Path) -> Result<TlsAcceptor, Error> {
    let chain = read(cert)?;
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&chain).collect();
    let chain = chain
        .and_then(|chain| if chain.is_empty() { Err(pem::Error::NoItemsFound) } else { Ok(chain) })
        .map_err(|source| not_pem(cert, "certificate", source))?;
    let key =
        PrivateKeyDer::from_pem_slice(&read(key)?).map_err(|source| not_pem(key, "private key", source))?;
    let mut config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(Error::Unfit)?
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .map_err(Error::Unfit)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}

fn read(path: &Path) -> Result<Vec<u8>, Error> {
    std::fs::read(path).map_err(|source| Error::Unreadable { path: path.display().to_string(), source })
}

fn not_pem(path: &Path, what: &'static str, source: pem::Error) -> Error {
    Error::NotPem { path: path.display().to_string(), what, source }
}
