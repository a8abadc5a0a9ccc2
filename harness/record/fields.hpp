// What a run.json holds, as tables of fields: the one place that names its keys. They drive writing
// and reading, results/schema/run.schema.json and the key table in results/README.md
// (record_schema).
//
// A field is a member and a row here; whoever reads records gets it from there.
#pragma once

#include "harness/core/field.hpp"
#include "harness/record/run_document.hpp"

namespace pktbench {

const Fields<TrialRecord>& trial_fields();
const Fields<EffectiveMode>& mode_fields();
const Fields<Summary>& summary_fields();
const Fields<Applied>& setting_fields();
const Fields<PortReport>& port_fields();
const Fields<CaseDocument>& case_fields();
const Fields<RunDocument>& run_fields();  // its head, the key "run"

}  // namespace pktbench
