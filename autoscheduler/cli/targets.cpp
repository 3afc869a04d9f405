#include "autoscheduler/cli/commands.h"
#include "targets/target_table.h"

#include <nlohmann/json.hpp>

#include <iomanip>
#include <iostream>

namespace sylvite::cli {

namespace {

std::string size_text(int64_t bytes) {
    const bool whole = bytes >= (1 << 20) && bytes % (1 << 20) == 0;
    return bytes == 0 ? "-" : std::to_string(bytes >> (whole ? 20 : 10)) + (whole ? " MB" : " KB");
}

void print_table() {
    std::cout << std::left << std::setw(15) << "target" << std::right << std::setw(6) << "cores" << std::setw(6)
              << "lanes" << std::setw(8) << "L1" << std::setw(8) << "L2" << std::setw(8) << "L3" << std::setw(7)
              << "GB/s"
              << "  " << std::left << std::setw(20) << "checked here by"
              << "runs here\n";
    for (const TargetRow &row : all_targets()) {
        const MachineNumbers &m = row.machine;
        const std::string obstacle = why_not_here(row);
        std::cout << std::left << std::setw(15) << row.name << std::right << std::setw(6) << m.cores << std::setw(6)
                  << m.lanes << std::setw(8) << size_text(m.l1) << std::setw(8) << size_text(m.l2) << std::setw(8)
                  << size_text(m.l3) << std::setw(7) << m.bandwidth << "  " << std::left << std::setw(20)
                  << to_string(row.verified) << (obstacle.empty() ? "yes" : "no: " + obstacle) << "\n";
    }
}

void print_json() {
    nlohmann::json rows = nlohmann::json::array();
    for (const TargetRow &row : all_targets()) {
        const MachineNumbers &m = row.machine;
        rows.push_back({{"name", row.name},
                        {"halide", row.halide},
                        {"cores", m.cores},
                        {"lanes", m.lanes},
                        {"l1", m.l1},
                        {"l2", m.l2},
                        {"l3", m.l3},
                        {"bandwidth_gb_s", m.bandwidth},
                        {"shared_memory", m.shared_memory},
                        {"max_threads", m.max_threads},
                        {"max_arrays", m.max_arrays},
                        {"checked_by", to_string(row.verified)},
                        {"obstacle_here", why_not_here(row)}});
    }
    std::cout << rows.dump(2) << "\n";
}

}  // namespace

void set_up_targets(CLI::App &app) {
    auto json = std::make_shared<bool>(false);
    app.add_flag("--json", *json, "as JSON, with the limits of GPUs");
    app.callback([json] { *json ? print_json() : print_table(); });
}

}  // namespace sylvite::cli
