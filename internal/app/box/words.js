'use strict';
// Checks a box of evidence by itself: no network, no other file. The same is
// done by `portal audit check`. Open with #plain to do without the browser's
// own Ed25519.
const words = {
  th: {
    title: 'ตรวจกล่องหลักฐาน', about: 'หน้านี้ตรวจกล่องหลักฐานในเครื่องของคุณเอง ไม่ส่งข้อมูลออกไปไหนและไม่ต้องต่อเครือข่าย',
    choose: 'เลือกไฟล์ ZIP ของกล่อง', folder: 'หรือเลือกโฟลเดอร์ที่แตกไฟล์ไว้', own: 'ใช้กุญแจสาธารณะที่ได้รับมาเอง',
    own_help: 'กุญแจที่มากับกล่องพิสูจน์ไม่ได้ว่าใครเป็นคนทำกล่อง ขอกุญแจจากบริษัทหรือจากพยานภายนอกโดยทางอื่น แล้ววางที่นี่ก่อนเลือกไฟล์ บรรทัดละหนึ่งกุญแจ',
    key: 'กุญแจของบันทึกตรวจสอบ', witness_key: 'กุญแจของพยานภายนอก', working: 'กำลังตรวจ…', of: 'ไฟล์',
    verified: 'ตรวจแล้ว ถูกต้องครบถ้วน', broken: 'ไม่ถูกต้อง', verified_why: 'ทุกไฟล์เป็นไฟล์เดิม และทุกรายการอยู่ในบันทึกตรวจสอบที่ลงนามไว้',
    broken_why: 'รายการต่อไปนี้ไม่ตรงกับบันทึกตรวจสอบที่ลงนามไว้ อย่าเชื่อกล่องนี้จนกว่าจะทราบสาเหตุ',
    keys_box: 'กุญแจมากับกล่อง โปรดเทียบกับกุญแจที่ได้รับโดยทางอื่น', keys_own: 'กุญแจที่คุณให้',
    f_about: 'เรื่อง', f_made: 'ทำเมื่อ', f_leaves: 'รายการที่พิสูจน์แล้ว', f_trail: 'ขนาดบันทึกทั้งหมด', f_signer: 'ลงนามโดย', f_witness: 'พยานภายนอก', f_no_witness: 'ไม่มี', f_root: 'รากของบันทึก', f_keys: 'กุญแจ',
    files: 'ไฟล์ในกล่อง', file: 'ไฟล์', size: 'ขนาด (ไบต์)', state: 'ผล', good: 'ถูกต้อง', entries: 'รายการในบันทึก', no: 'เลขที่', at: 'เวลา', action: 'การกระทำ', subject: 'เกี่ยวกับ', proven: 'พิสูจน์แล้ว', more: 'แสดง 1,000 รายการแรก ทุกรายการถูกตรวจแล้ว',
    p_nobox: 'ไม่ใช่กล่องหลักฐาน', p_unreadable: 'อ่านไม่ได้', p_form: 'ไม่ได้เขียนตามแบบของระบบ', p_nokey: 'ไม่มีกุญแจสำหรับตรวจ วางกุญแจสาธารณะก่อน', p_signature: 'ลายเซ็นของบันทึกไม่ถูกต้อง',
    p_witness: 'ลายเซ็นของพยานภายนอกไม่ถูกต้องหรือไม่มี', p_leaf: 'รายการนี้ไม่ตรงกับบันทึกตรวจสอบที่ลงนามไว้: เลขที่', p_part: 'รายการในแฟ้มนี้ไม่อยู่ในบันทึกตรวจสอบที่ลงนามไว้', p_manifest: 'ไม่ตรงกับที่บันทึกตรวจสอบรับรองไว้', p_missing: 'ไม่มีในกล่อง', p_changed: 'ไม่ใช่ไฟล์เดิม', p_upload: 'ไม่ตรงกับวันที่รับเอกสาร', p_extra: 'ไม่ใช่ของกล่องนี้', p_twice: 'อยู่ในกล่องซ้ำ',
  },
  en: {
    title: 'Check a box of evidence', about: 'This page checks the box on your own machine. It sends nothing anywhere and needs no network.',
    choose: 'Choose the ZIP of the box', folder: 'Or the folder it was unpacked to', own: 'Use public keys of your own',
    own_help: 'Keys that come with a box cannot prove who made it. Ask the company, or its witness, for theirs by another way, and paste them here before you choose the file, one a line.',
    key: 'Key of the audit trail', witness_key: 'Key of the witness', working: 'Checking…', of: 'files',
    verified: 'Verified: everything is as it was', broken: 'Broken', verified_why: 'Every file is what was packed, and every entry stands in the signed trail.',
    broken_why: 'What follows does not fit the signed trail. Do not rely on this box until it is known why.',
    keys_box: 'They came with the box: compare them with those you got another way', keys_own: 'Yours',
    f_about: 'About', f_made: 'Made', f_leaves: 'Entries proven', f_trail: 'Size of the whole trail', f_signer: 'Signed by', f_witness: 'Witness', f_no_witness: 'none', f_root: 'Root of the trail', f_keys: 'Keys',
    files: 'Files of the box', file: 'File', size: 'Size (bytes)', state: 'Result', good: 'as packed', entries: 'Entries of the trail', no: 'Number', at: 'Time', action: 'Action', subject: 'About', proven: 'proven', more: 'The first 1,000 are shown. All were checked.',
    p_nobox: 'This is no box of evidence', p_unreadable: 'It cannot be read', p_form: 'It is not written as the portal writes it', p_nokey: 'There is no key to check with: paste the public key first', p_signature: 'The signature of the trail is not valid',
    p_witness: 'The signature of the witness is missing or not valid', p_leaf: 'This entry is not what stands in the signed trail: number', p_part: 'Its entries do not stand in the signed trail', p_manifest: 'It is not what the signed trail vouches for', p_missing: 'It is missing', p_changed: 'It is not what was packed', p_upload: 'It is not what was uploaded at the time', p_extra: 'It does not belong to the box', p_twice: 'It is in the box twice',
  },
};
