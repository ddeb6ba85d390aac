#include "common/io/tls_context.h"

#include <absl/strings/str_cat.h>
#include <openssl/ssl.h>

#include <algorithm>

namespace noom::io {

namespace {

// Preference is the server's: the first of ours that the client offers. RFC 7301 §3.2: when there is none, the
// connection ends with no_application_protocol.
int select_alpn(SSL*, const unsigned char** out, unsigned char* out_size, const unsigned char* in, unsigned in_size,
                void* ours) {
  const auto& wire = *static_cast<const std::string*>(ours);
  unsigned char* selected = nullptr;
  const int result = SSL_select_next_proto(&selected, out_size, reinterpret_cast<const unsigned char*>(wire.data()),
                                           static_cast<unsigned>(wire.size()), in, in_size);
  *out = selected;
  return result == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

SSL_CTX* new_context(TlsMethod method) {
  SSL_CTX* context = SSL_CTX_new(method == TlsMethod::kStream ? TLS_server_method() : DTLS_server_method());
  if (context == nullptr) return nullptr;
  SSL_CTX_set_min_proto_version(context, method == TlsMethod::kStream ? TLS1_2_VERSION : DTLS1_2_VERSION);
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE);
  SSL_CTX_set_mode(context,
                   SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);  // sessions resume by ticket, which costs no memory here
  if (method == TlsMethod::kDatagram) {
    SSL_CTX_set_options(context, SSL_OP_NO_TICKET | SSL_OP_NO_QUERY_MTU);
    // DtlsSession::accept is for clients whose cookie has been accepted.
    SSL_CTX_set_cookie_verify_cb(context, [](SSL*, const unsigned char*, unsigned) { return 1; });
  }
  return context;
}

absl::StatusOr<std::string> to_alpn_wire(const std::vector<std::string>& protocols) {
  std::string wire;
  for (const std::string& protocol : protocols) {
    if (protocol.empty() || protocol.size() > 255)
      return absl::InvalidArgumentError("an ALPN protocol has 1 to 255 bytes");
    wire.push_back(static_cast<char>(protocol.size()));
    wire += protocol;
  }
  return wire;
}

}  // namespace

TlsContext::TlsContext(const std::vector<std::shared_ptr<const TlsCertificate>>& certificates) : names_(certificates) {
  not_after_ = certificates[0]->not_after();
  for (const auto& certificate : certificates) {
    not_after_ = std::min(not_after_, certificate->not_after());
    warnings_.insert(warnings_.end(), certificate->warnings().begin(), certificate->warnings().end());
  }
  warnings_.insert(warnings_.end(), names_.warnings().begin(), names_.warnings().end());
}

TlsContext::~TlsContext() {
  for (const auto& [answer, context] : contexts_) SSL_CTX_free(context);
}

absl::StatusOr<std::shared_ptr<const TlsContext>> TlsContext::load(const TlsOptions& options, Wall now) {
  auto certificate = TlsCertificate::load({options.certificate_file, options.key_file}, now);
  if (!certificate.ok()) return certificate.status();
  return make({*std::move(certificate)}, options.alpn);
}

absl::StatusOr<std::shared_ptr<const TlsContext>> TlsContext::make(
    const std::vector<std::shared_ptr<const TlsCertificate>>& certificates, const std::vector<std::string>& alpn,
    TlsMethod method) {
  std::shared_ptr<TlsContext> result(new TlsContext(certificates));
  auto wire = to_alpn_wire(alpn);
  if (!wire.ok()) return wire.status();
  result->alpn_wire_ = *std::move(wire);
  if (absl::Status status = result->add_answers(certificates, method); !status.ok()) return status;
  return result;
}

absl::Status TlsContext::add_answers(const std::vector<std::shared_ptr<const TlsCertificate>>& certificates,
                                     TlsMethod method) {
  for (const ServerNames::Answer& answer : names_.all()) {
    SSL_CTX* context = new_context(method);
    if (context == nullptr) return absl::InternalError(absl::StrCat("TLS: ", take_tls_reason()));
    contexts_.emplace_back(answer, context);
    for (const size_t index : answer)
      if (absl::Status status = certificates[index]->add_to(context); !status.ok()) return status;
    if (!alpn_wire_.empty()) SSL_CTX_set_alpn_select_cb(context, select_alpn, &alpn_wire_);
  }
  SSL_CTX_set_tlsext_servername_callback(contexts_[0].second, on_server_name);
  SSL_CTX_set_tlsext_servername_arg(contexts_[0].second, this);
  return absl::OkStatus();
}

SSL_CTX* TlsContext::context_for(const ServerNames::Answer& answer) const {
  return std::ranges::find(contexts_, answer, &std::pair<ServerNames::Answer, SSL_CTX*>::first)->second;
}

int TlsContext::on_server_name(SSL* session, int*, void* context) {
  const auto& self = *static_cast<const TlsContext*>(context);
  const char* name = SSL_get_servername(session, TLSEXT_NAMETYPE_host_name);
  const ServerNames::Answer* answer = name == nullptr ? nullptr : self.names_.find(name);
  if (answer == nullptr) return SSL_TLSEXT_ERR_NOACK;  // RFC 6066 §3: a server may go on without the name
  SSL_set_SSL_CTX(session, self.context_for(*answer));
  return SSL_TLSEXT_ERR_OK;
}

SSL* TlsContext::new_session() const {
  return SSL_new(contexts_[0].second);
}

}  // namespace noom::io
