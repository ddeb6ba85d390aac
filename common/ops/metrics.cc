#include "common/ops/metrics.h"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <limits>
#include <sstream>
#include <vector>

namespace noom::ops {
namespace {

std::vector<prometheus::ClientMetric::Label> to_labels(std::initializer_list<MetricLabel> labels) {
  std::vector<prometheus::ClientMetric::Label> result;
  for (const MetricLabel& label : labels) {
    auto& added = result.emplace_back();
    added.name = label.name;
    added.value = label.value;
  }
  return result;
}

}  // namespace

struct MetricPage::Families {
  std::vector<prometheus::MetricFamily> all;

  void start(std::string_view name, std::string_view help, prometheus::MetricType type) {
    auto& family = all.emplace_back();
    family.name = name;
    family.help = help;
    family.type = type;
  }
};

MetricPage::MetricPage() : families_(std::make_unique<Families>()) {}
MetricPage::~MetricPage() = default;

MetricPage::Family MetricPage::counter(std::string_view name, std::string_view help) {
  families_->start(name, help, prometheus::MetricType::Counter);
  return Family(*this);
}

MetricPage::Family MetricPage::gauge(std::string_view name, std::string_view help) {
  families_->start(name, help, prometheus::MetricType::Gauge);
  return Family(*this);
}

MetricPage::Family MetricPage::histogram(std::string_view name, std::string_view help) {
  families_->start(name, help, prometheus::MetricType::Histogram);
  return Family(*this);
}

MetricPage::Family& MetricPage::Family::sample(double value, std::initializer_list<MetricLabel> labels) {
  prometheus::MetricFamily& family = page_->families_->all.back();
  prometheus::ClientMetric& metric = family.metric.emplace_back();
  metric.label = to_labels(labels);
  if (family.type == prometheus::MetricType::Counter) {
    metric.counter.value = value;
  } else {
    metric.gauge.value = value;
  }
  return *this;
}

MetricPage::Family& MetricPage::Family::sample(uint64_t value, std::initializer_list<MetricLabel> labels) {
  return sample(static_cast<double>(value), labels);
}

MetricPage::Family& MetricPage::Family::sample(const HistogramSample& value,
                                               std::initializer_list<MetricLabel> labels) {
  prometheus::ClientMetric& metric = page_->families_->all.back().metric.emplace_back();
  metric.label = to_labels(labels);
  uint64_t cumulative = 0;
  for (size_t i = 0; i < value.counts.size(); ++i) {
    cumulative += value.counts[i];
    const double bound = i < value.bounds.size() ? static_cast<double>(value.bounds[i]) * value.scale
                                                 : std::numeric_limits<double>::infinity();
    auto& bucket = metric.histogram.bucket.emplace_back();
    bucket.cumulative_count = cumulative;
    bucket.upper_bound = bound;
  }
  metric.histogram.sample_count = cumulative;
  metric.histogram.sample_sum = static_cast<double>(value.sum) * value.scale;
  return *this;
}

std::string MetricPage::text() const {
  std::ostringstream out;
  prometheus::TextSerializer().Serialize(out, families_->all);
  return out.str();
}

}  // namespace noom::ops
