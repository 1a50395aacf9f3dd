#include "lab/tls_contexts.hpp"

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <memory>
#include <stdexcept>

namespace uncork::lab {
namespace {

constexpr long kLifetimeSeconds = 24 * 3600;

using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;

void must(bool succeeded) {
  if (!succeeded) throw std::runtime_error("make a certificate for TLS: OpenSSL refused");
}

Certificate self_signed(EVP_PKEY* key) {
  Certificate certificate(X509_new(), X509_free);
  must(certificate != nullptr);
  X509_set_version(certificate.get(), 2);  // X.509 v3
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -kLifetimeSeconds);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), kLifetimeSeconds);
  X509_set_pubkey(certificate.get(), key);
  X509_NAME* name = X509_get_subject_name(certificate.get());
  must(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>("localhost"), -1, -1, 0) == 1);
  X509_set_issuer_name(certificate.get(), name);
  must(X509_sign(certificate.get(), key, EVP_sha256()) != 0);
  return certificate;
}

}  // namespace

TlsContexts::TlsContexts() {
  const Key key(EVP_EC_gen("P-256"), EVP_PKEY_free);
  must(key != nullptr);
  const Certificate certificate = self_signed(key.get());
  must(SSL_CTX_use_certificate(server.native_handle(), certificate.get()) == 1);
  must(SSL_CTX_use_PrivateKey(server.native_handle(), key.get()) == 1);
  must(X509_STORE_add_cert(SSL_CTX_get_cert_store(client.native_handle()), certificate.get()) == 1);
  client.set_verify_mode(boost::asio::ssl::verify_peer);
}

}  // namespace uncork::lab
